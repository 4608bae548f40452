"""The code that serves requests in one large page: where the system gives one, and only then."""

import ctypes
import json
import mmap
import re
import struct
import sys
import urllib.request
from pathlib import Path

import pytest

from harness import KEY, Gateway, Mock, binary, config
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


def system_gives_one():
    memory = mmap.mmap(-1, 2 * PAGE)
    begin = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    page = (begin + PAGE - 1) // PAGE * PAGE
    ctypes.memset(page, 1, PAGE)
    return ctypes.CDLL(None).madvise(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), 25) == 0  # MADV_COLLAPSE


def has_room_for_one():
    """Whether the program's code is aligned: a build for a sanitizer is not."""
    with open(binary(), "rb") as file:
        head = file.read(64)
        offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
        file.seek(offset)
        segments = [struct.unpack_from("<IIQQQQ", file.read(size)) for _ in range(count)]
    (begin, length), = [(address, length) for kind, flags, _, address, _, length in segments if kind == 1 and flags & 1]
    return begin % PAGE == 0 and length >= PAGE


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
        elif not before and has_room_for_one() and system_gives_one():
            assert has_one
        assert [gateway.call(CHAT).status for _ in range(3)] == [200] * 3
        gateway.check()
        gateway.stop()
    finally:
        if gateway:
            gateway.kill()
        mock.kill()
