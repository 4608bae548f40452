"""Lays the rank files, made from this repository's vocabularies, where tiktoken looks for them.

    rank_files.py FOLDER
"""

import hashlib
import sys
from pathlib import Path

DATA = Path(__file__).parents[3] / "src/tokens/data"
sys.path.insert(0, str(DATA))

from make_vocabulary import PUBLISHED, unpacked  # noqa: E402

# tiktoken names a cached file by the SHA-1 of the address it would load it from.
ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, published in PUBLISHED.items():
        text = unpacked((DATA / f"{name}.vocabulary").read_bytes())
        assert hashlib.sha256(text).hexdigest() == published
        (folder / hashlib.sha1(ADDRESS.format(name).encode()).hexdigest()).write_bytes(text)


if __name__ == "__main__":
    main()
