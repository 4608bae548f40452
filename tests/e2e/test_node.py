"""The Node client: node/*.test.mjs, one test here for each file there."""

import os
import re
import shutil
import subprocess

import pytest

import settings
from harness import AZURE_KEY, ROOT

FOLDER = ROOT / "tests" / "e2e" / "node"


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.test.mjs")))
def test_node(gateway, mock, twin, name):
    node = shutil.which("node")
    assert node, "the Node client is tested, too: install nodejs and npm"
    environment = {
        **os.environ, "TOLLGATE_URL": gateway.url, "TOLLGATE_KEY": settings.APP_KEY,
        "NARROW_KEY": settings.NARROW_KEY, "TWIN_URL": twin.url, "TWIN_KEY": AZURE_KEY, "MOCK_URL": mock.url,
    }
    done = subprocess.run([node, "--test", name], cwd=FOLDER, env=environment, timeout=120,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^(?:#|ℹ) pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed and int(passed[1]) > 5, done.stdout
