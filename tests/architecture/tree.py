"""The repository as the architecture tests see it: files, their text, their includes."""

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", ".venv", "build", "node_modules", "__pycache__", ".pytest_cache", ".quickstart"}


@lru_cache(maxsize=None)
def files():
    """Every file that belongs to the repository, as paths relative to its root."""
    try:
        listed = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "-co", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = []
        for folder, folders, names in os.walk(ROOT):
            folders[:] = [f for f in folders if f not in SKIPPED]
            listed += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted({name for name in listed
                   if name and not SKIPPED & set(name.split("/")) and (ROOT / name).is_file()})


@lru_cache(maxsize=None)
def text(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def sources(*roots, suffixes=(".cpp", ".hpp")):
    return [f for f in files() if f.endswith(suffixes) and f.startswith(tuple(r + "/" for r in roots))]


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def includes(name):
    """(line, included, is_quoted) of every #include."""
    whole = text(name)
    return [(whole.count("\n", 0, m.start()) + 1, m.group(2), m.group(1) == '"')
            for m in _INCLUDE.finditer(whole)]


def module_of(name):
    """The folder of src/ that a file or an include belongs to; None for others."""
    parts = name.split("/")
    if parts[0] == "src":
        parts = parts[1:]
    return parts[0] if len(parts) > 1 and (ROOT / "src" / parts[0]).is_dir() else None


def modules():
    return sorted({module_of(f) for f in sources("src")} - {None})
