"""Heavy libraries stay behind their borders; what everybody includes includes only the standard library."""

import re
import unittest

import tree

# Header prefix -> the files that may include it (a folder ends in /).
BORDERS = {
    "boost/asio": ["src/net/"],
    "boost/beast": [],
    "date/": ["src/limits/calendar.cpp"],
    "boost/version.hpp": ["src/cli/version.cpp"],
    "openssl/": ["src/base/sha1.cpp", "src/base/sha256.cpp", "src/net/", "src/config/", "src/cli/", "src/identity/",
                 "src/credentials/", "src/mock_azure/"],
    "yaml-cpp/": ["src/config/", "src/mock_azure/"],
    "spdlog/": ["src/telemetry/log.cpp"],
    "fmt/": ["src/telemetry/log.cpp"],
    "simdjson": ["src/openai/"],
    "sqlite3.h": ["src/sqlite/"],
    "hiredis/": ["src/sharing/resp.cpp"],
    "ares.h": ["src/net/dns_channel.cpp"],
    "nlohmann/json.hpp": ["src/app/", "src/cli/", "src/config/", "src/identity/", "src/credentials/", "src/mock_azure/"],
}
# Never in a header, where one line would cost every file that includes it.
NOT_IN_HEADERS = ["boost/", "date/", "openssl/", "yaml-cpp/", "spdlog/", "fmt/", "simdjson", "sqlite3.h", "hiredis/", "ares.h", "nlohmann/json.hpp"]

STANDARD = set("""algorithm any array atomic bit bitset cassert cctype cerrno cfloat charconv chrono
    cinttypes climits clocale cmath compare complex concepts condition_variable coroutine csignal
    cstdarg cstddef cstdint cstdio cstdlib cstring ctime cwchar deque exception filesystem forward_list
    fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits
    list locale map memory memory_resource mutex new numbers numeric optional ostream queue random
    ranges ratio regex semaphore set shared_mutex source_location span sstream stack stdexcept stop_token
    streambuf string string_view system_error thread tuple type_traits typeindex typeinfo
    unordered_map unordered_set utility valarray variant vector version""".split())


def border_problem(file, included):
    """Why `file` may not include the library header, or None."""
    for prefix, allowed in BORDERS.items():
        if included.startswith(prefix):
            inside = any(file == a or (a.endswith("/") and file.startswith(a)) for a in allowed)
            if not inside:
                return f"only in {', '.join(allowed)}"
    if included.startswith("boost/") and not included.startswith(tuple(BORDERS)):
        return "no other part of Boost is used"
    in_mock = file.startswith("src/mock_azure/")
    if file.endswith(".hpp") and not in_mock and included.startswith(tuple(NOT_IN_HEADERS)):
        return "not in a header: forward declare"
    return None


class Borders(unittest.TestCase):
    def test_libraries_stay_behind_their_borders(self):
        problems = []
        for file in tree.sources("src", "include"):
            for line, included, _ in tree.includes(file):
                why = border_problem(file, included)
                if why:
                    problems.append(f"{file}:{line}: {included}: {why}")
        self.assertEqual([], problems, "\n" + "\n".join(problems))

    def test_contracts_include_the_standard_library_alone(self):
        problems = [f"{file}:{line}: {included}" for file in tree.sources("include")
                    for line, included, is_quoted in tree.includes(file)
                    if not is_quoted and included not in STANDARD]
        self.assertEqual([], problems)

    def test_finds_what_it_looks_for(self):
        self.assertIsNone(border_problem("src/net/loop.cpp", "boost/asio/post.hpp"))
        self.assertIsNone(border_problem("src/mock_azure/json.hpp", "nlohmann/json.hpp"))
        self.assertIsNone(border_problem("src/app/admin.hpp", "nlohmann/json_fwd.hpp"))
        for file, included in [
                ("src/server/a.cpp", "boost/asio/post.hpp"), ("src/net/a.cpp", "boost/beast/http.hpp"),
                ("src/upstream/a.cpp", "openssl/ssl.h"), ("src/filters/a.cpp", "spdlog/spdlog.h"),
                ("src/config/a.hpp", "yaml-cpp/yaml.h"), ("src/config/a.hpp", "nlohmann/json.hpp"),
                ("src/filters/a.cpp", "nlohmann/json.hpp"), ("src/http/a.cpp", "boost/json.hpp"),
                ("src/net/a.hpp", "boost/asio/post.hpp"), ("src/filters/a.cpp", "simdjson.h")]:
            self.assertIsNotNone(border_problem(file, included), (file, included))


if __name__ == "__main__":
    unittest.main()
