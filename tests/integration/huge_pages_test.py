"""The code that serves requests in one large page: where the system gives one, and only then."""

import json
import re
import sys
import urllib.request
from pathlib import Path

import pytest

from harness import KEY, Gateway, Mock, config
from wire import request

PAGE = 2 * 1024 * 1024
CHAT = request("POST", "/openai/v1/chat/completions", KEY,
               b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}')
# Runs a command that may not make written memory executable (PR_SET_MDWE: Linux 6.3), as systemd's
# MemoryDenyWriteExecute= does.
DENIED = [sys.executable, "-c", """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0: print("not denied", flush=True)
os.execv(sys.argv[1], sys.argv[1:])
"""]


def nameless_code(gateway):
    """Sizes of the executable mappings that belong to no file, but for the kernel's own."""
    maps = Path(f"/proc/{gateway.process.pid}/maps").read_text()
    found = re.findall(r"^(\w+)-(\w+) r-x\S* \S+ 00:00 0\s*$", maps, re.M)
    return [int(end, 16) - int(begin, 16) for begin, end in found]


@pytest.mark.parametrize("is_wanted, before", [(True, ()), (False, ()), (True, DENIED)],
                         ids=["wanted", "not wanted", "denied"])
def test_status_tells_whether_code_is_in_a_huge_page_and_requests_are_served_either_way(tmp_path, is_wanted, before):
    mock = Mock(tmp_path / "mock")
    gateway = None
    try:
        settings = config(mock.url, {"server": {"huge_pages": is_wanted}})
        gateway = Gateway(tmp_path / "gateway", settings, before=before)
        with urllib.request.urlopen("http://%s:%d/status" % gateway.admin, timeout=10) as answer:
            has_one = json.load(answer)["huge_pages"]
        assert nameless_code(gateway) == ([PAGE] if has_one else [])
        if not is_wanted or (before and "not denied" not in gateway.output()):
            assert not has_one
        assert [gateway.call(CHAT).status for _ in range(3)] == [200] * 3
        gateway.check()
        gateway.stop()
    finally:
        if gateway:
            gateway.kill()
        mock.kill()
