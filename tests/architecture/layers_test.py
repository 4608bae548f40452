"""The dependency table: includes point down only, folders on one row do not know each other."""

import re
import unittest

import tree

# From the top. What stands beside each other does not know each other.
ROWS = [
    {"app"},
    {"server", "pipeline", "cli"},
    {"filters"},
    {"limits", "ledger", "sharing", "affinity", "safety", "cache", "routing", "balancer", "upstream", "identity", "credentials"},
    {"fetch"},
    {"openai", "http"},
    {"net", "config", "telemetry", "tokens", "sqlite"},
    {"base"},
]
LEVEL = {module: len(ROWS) - i for i, row in enumerate(ROWS) for module in row}

# Stands alone: the stand-in shares no code with the gateway, so that they do not share mistakes.
ALONE = "mock_azure"

# Functions that headers of include/tollgate declare, and the folder that defines them.
DEFINED_IN = {
    "tollgate/error.hpp": "base",
    "tollgate/operation.hpp": "base",
    "tollgate/outcome.hpp": "base",
    "tollgate/tunnel.hpp": "base",
    "tollgate/log.hpp": "telemetry",
}


def problem_of(file, included):
    """Why `file` may not include `included`, or None."""
    target = tree.module_of(included) if not included.startswith("tollgate/") else None
    if file.startswith("include/"):
        return None if included.startswith("tollgate/") else "include/tollgate includes nothing of src"
    if included.startswith("tollgate/"):
        if tree.module_of(file) == ALONE:
            return f"{ALONE} includes nothing but itself"
        return None
    if target is None:
        return "is neither tollgate/... nor <folder of src>/..."
    module = tree.module_of(file)
    if module is None:  # main.cpp
        return None
    if module == target:
        return None
    if ALONE in (module, target):
        return f"{ALONE} is known to main.cpp alone and knows nobody"
    if target not in LEVEL or module not in LEVEL:
        return "is not in the dependency table (tests/architecture/layers_test.py)"
    if LEVEL[target] == LEVEL[module]:
        return f"{module} and {target} are on one row"
    if LEVEL[target] > LEVEL[module]:
        return f"{target} is above {module}"
    return None


def modules_in_cmake(name):
    """name -> USES of every tollgate_module() in a CMakeLists.txt."""
    found = {}
    plain = re.sub(r"#.*", "", tree.text(name))
    for call in re.findall(r"tollgate_module\(([^)]*)\)", plain):
        words = call.split()
        found[words[0]] = words[words.index("USES") + 1:] if "USES" in words else []
    return found


class Layers(unittest.TestCase):
    def test_includes_point_down(self):
        problems = []
        for file in tree.sources("src", "include"):
            for line, included, is_quoted in tree.includes(file):
                why = problem_of(file, included) if is_quoted else None
                if why:
                    problems.append(f"{file}:{line}: {included}: {why}")
        self.assertEqual([], problems, "\n" + "\n".join(problems))

    def test_every_folder_is_in_the_table(self):
        self.assertEqual([], [m for m in tree.modules() if m not in LEVEL and m != ALONE])

    def test_sources_of_the_house_are_included_in_quotes(self):
        wrong = [f"{file}:{line}: <{included}>" for file in tree.sources("src", "include")
                 for line, included, is_quoted in tree.includes(file)
                 if not is_quoted and (included.startswith("tollgate/") or tree.module_of(included))]
        self.assertEqual([], wrong)

    def test_uses_equal_the_includes(self):
        problems = []
        for module in tree.modules():
            cmake = f"src/{module}/CMakeLists.txt"
            declared = modules_in_cmake(cmake)
            self.assertEqual([module], list(declared), cmake)
            uses = set(declared[module])
            included, defined = set(), set()
            for file in tree.sources(f"src/{module}"):
                for _, name, is_quoted in tree.includes(file):
                    if is_quoted and not name.startswith("tollgate/"):
                        included.add(tree.module_of(name))
                    # A function that is only declared in include/tollgate has to be linked too.
                    defined.add(DEFINED_IN.get(name))
            included -= {module, None}
            for missing in sorted(included - uses):
                problems.append(f"{cmake}: includes {missing}/ and does not say so in USES")
            for idle in sorted(uses - included - defined):
                problems.append(f"{cmake}: USES {idle} and includes nothing of it")
        self.assertEqual([], problems, "\n" + "\n".join(problems))

    def test_filters_do_not_include_each_other(self):
        """Filters talk through the exchange. What two of them share is a helper without a make_."""
        table = tree.text("src/pipeline/registry.cpp")
        filters = set(re.findall(r"filters::make_(\w+)", table))
        problems = [f"{file}:{line}: {included}" for file in tree.sources("src/filters")
                    for line, included, _ in tree.includes(file)
                    if included.removeprefix("filters/").removesuffix(".hpp") in filters]
        self.assertEqual([], problems)

    def test_finds_what_it_looks_for(self):
        self.assertIsNone(problem_of("src/server/a.cpp", "http/head.hpp"))
        self.assertIsNone(problem_of("src/http/a.cpp", "tollgate/header.hpp"))
        self.assertIsNone(problem_of("src/main.cpp", "mock_azure/mock_azure.hpp"))
        for file, included in [
                ("src/server/a.cpp", "pipeline/registry.hpp"), ("src/http/a.cpp", "openai/edit.hpp"),
                ("src/upstream/a.cpp", "balancer/choose.hpp"), ("src/base/a.cpp", "net/loop.hpp"),
                ("src/app/a.cpp", "mock_azure/mock_azure.hpp"), ("src/mock_azure/a.cpp", "http/head.hpp"),
                ("src/mock_azure/a.cpp", "tollgate/error.hpp"), ("include/tollgate/a.hpp", "net/loop.hpp"),
                ("src/net/a.cpp", "loop.hpp")]:
            self.assertIsNotNone(problem_of(file, included), (file, included))


if __name__ == "__main__":
    unittest.main()
