"""Small promises about every file."""

import re
import unittest

import tree

TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "src", "include", "config", "tests", "docker", "docs",
             "README.md", "quickstart.sh", "test.sh", ".ci"}
TOOL_FILES = re.compile(r"\.(clang-format|clang-tidy|clangd|gitignore|gitattributes|dockerignore|editorconfig)$")

UNFINISHED = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME)\\b")
# Paths of somebody's machine. /tmp, /etc and the like are everybody's.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(work|home|Users|root|mnt)/[\w.-]+")


def is_text(file):
    return "\0" not in tree.text(file)[:4096] and not file.startswith("tests/fuzz/corpus/")


def opening_problem(text):
    """What a header's first lines lack, or None."""
    lines = text.split("\n")
    if not lines[0].startswith("// "):
        return "does not begin with a comment on what it is for"
    body = [line for line in lines if line and not line.startswith("//")]
    if not body or body[0] != "#pragma once":
        return "has no #pragma once behind its comment"
    return None


class Tidiness(unittest.TestCase):
    def test_headers_say_what_they_are_for(self):
        problems = [f"{file}: {why}" for file in tree.sources("src", "include", "tests", suffixes=(".hpp",))
                    if (why := opening_problem(tree.text(file)))]
        self.assertEqual([], problems, "\n" + "\n".join(problems))

    def test_top_level_holds_nothing_else(self):
        top = {file.split("/")[0] for file in tree.files()}
        self.assertEqual([], sorted(t for t in top if t not in TOP_LEVEL and not TOOL_FILES.match(t)))

    def test_nothing_is_left_for_later(self):
        problems = [f"{file}: {m.group()}" for file in tree.files() if is_text(file)
                    for m in [UNFINISHED.search(tree.text(file))] if m]
        self.assertEqual([], problems)

    def test_no_paths_of_a_machine(self):
        problems = [f"{file}: {m.group()}" for file in tree.files()
                    if is_text(file) and file != "tests/architecture/tidiness_test.py"
                    for m in [MACHINE_PATH.search(tree.text(file))] if m]
        self.assertEqual([], problems, "\n" + "\n".join(problems))

    def test_sources_are_listed_in_cmake(self):
        """Explicit sources, no globbing: a file that no list names is not built."""
        problems = []
        for file in tree.sources("src", "tests/unit", "tests/integration", suffixes=(".cpp",)):
            folder = file.rsplit("/", 1)[0]
            name, lists = file.rsplit("/", 1)[1], []
            while folder:
                if f"{folder}/CMakeLists.txt" in tree.files():
                    lists.append(tree.text(f"{folder}/CMakeLists.txt"))
                folder = folder.rpartition("/")[0]
            if not any(re.search(r"(?<![\w])" + re.escape(name), text) for text in lists):
                problems.append(file)
        self.assertEqual([], problems, "\n" + "\n".join(problems))

    def test_nothing_globs_or_edits_global_flags(self):
        problems = [f"{file}: {m.group()}" for file in tree.files() if file.endswith("CMakeLists.txt")
                    for m in [re.search(r"file\(GLOB|set\(CMAKE_CXX_FLAGS", tree.text(file))] if m]
        self.assertEqual([], problems)

    def test_finds_what_it_looks_for(self):
        self.assertIsNone(opening_problem("// What it does.\n#pragma once\n"))
        self.assertIsNone(opening_problem("// What it\n// does.\n\n#pragma once\n"))
        self.assertIsNotNone(opening_problem("#pragma once\n"))
        self.assertIsNotNone(opening_problem("// What it does.\n#include <string>\n#pragma once\n"))
        self.assertTrue(MACHINE_PATH.search("in " + "/home" + "/me/x"))
        self.assertFalse(MACHINE_PATH.search("https://example.org/home/page $HOME/x"))
        self.assertTrue(UNFINISHED.search("// TO" + "DO: later"))


if __name__ == "__main__":
    unittest.main()
