"""What holds for every command of the program."""

import subprocess

import pytest

from harness import binary

COMMANDS = ["serve", "check", "doctor", "schema", "keys", "usage", "ptu-advisor", "tokens", "mock-azure", "version"]


def run(*arguments, **more):
    return subprocess.run([binary(), *arguments], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=20, **more)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_says_how_it_is_called(command):
    for wish in ("--help", "-h"):
        told = run(command, wish, stdout=subprocess.PIPE)
        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout.startswith(f"usage: tollgate {command}")


@pytest.mark.parametrize("arguments", [["version"], ["schema"], ["tokens"], ["keys", "new"], ["usage", "--help"], ["--help"]])
def test_what_cannot_be_written_is_no_success(arguments):
    with open("/dev/full", "w") as full:
        told = run(*arguments, stdout=full)
    assert (told.returncode, told.stderr) == (1, "tollgate: standard output cannot be written\n")
