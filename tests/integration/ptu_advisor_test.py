"""What the gateway has booked is what the advisor sizes units for."""

import json
import subprocess
from xml.etree import ElementTree

from harness import binary
from limits_setup import tokens_of


def advise(gateway, *arguments):
    done = subprocess.run([binary(), "ptu-advisor", "--ledger", "tollgate-ledger.db", *arguments],
                          cwd=gateway.folder, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_load_of_real_calls_is_sized(limited):
    gateway, mock = limited()
    assert [gateway.chat().status for _ in range(3)] == [200] * 3
    gateway.settled()
    served = mock.journal()
    told = json.loads(advise(gateway, "--json", "--unit-price", "$1/hour"))["models"]
    assert [model["model"] for model in told] == ["gpt-4o"]
    tokens = told[0]["tokens"]
    assert tokens["requests"] == 3
    assert tokens["input"] + tokens["output"] == tokens_of(served)
    assert told[0]["recommended_units"] == 15
    assert "no more than" in told[0]["warnings"][0]
    # On no terminal, so without a picture; the picture goes where it was asked to go.
    table = advise(gateway, "--svg", "load.svg")
    assert table.startswith("gpt-4o, global: gpt-4o\n") and "░" not in table
    assert ElementTree.parse(gateway.folder / "load.svg").getroot().tag.endswith("svg")
