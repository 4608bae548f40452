#!/usr/bin/env python3
"""Makes unicode_classes.txt: the character classes that the encodings' patterns speak of.

The reference (PyPI: tiktoken, 0.14.0) is asked itself, so that the classes are those of the Unicode
version it was built with. Lines are "first last class", in hexadecimal, last included; what is on no
line is "other".
"""

from pathlib import Path

import tiktoken

# In the order of the codes in src/tokens/classes.hpp.
CLASSES = {
    "upper": r"\p{Lu}|\p{Lt}",
    "lower": r"\p{Ll}",
    "letter": r"\p{Lm}|\p{Lo}",
    "mark": r"\p{M}",
    "number": r"\p{N}",
    "space": r"\s",
}
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def members(pattern):
    bytes_alone = {bytes([i]): i for i in range(256)}
    encoding = tiktoken.Encoding("probe", pat_str=pattern, mergeable_ranks=bytes_alone, special_tokens={})
    found = bytearray()
    for start in range(0, len(CODE_POINTS), 4096):
        found += bytes(encoding.encode_ordinary("".join(map(chr, CODE_POINTS[start:start + 4096]))))
    return set(map(ord, found.decode()))


def ranges(points):
    out = []
    for point in sorted(points):
        if out and out[-1][1] == point - 1:
            out[-1][1] = point
        else:
            out.append([point, point])
    return out


def main():
    lines = [(first, last, name) for name, pattern in CLASSES.items()
             for first, last in ranges(members(pattern))]
    text = "".join(f"{first:x} {last:x} {name}\n" for first, last, name in sorted(lines))
    (Path(__file__).parent / "unicode_classes.txt").write_text(text)


if __name__ == "__main__":
    main()
