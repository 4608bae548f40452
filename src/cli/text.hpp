// How commands write numbers, names and tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace tollgate::cli {

// Whether a command is asked how it is called (--help or -h among its arguments), which is then written to
// standard output.
bool tells_help(int argc, char** argv, const char* how_to);

// Nano-dollars as dollars, exact: "12.3", "0.00045", "-1.0".
std::string dollars(std::int64_t nano);
// The same for people, with 0 to 9 places: "$1,234.50".
std::string rounded_dollars(std::int64_t nano, int places);

std::string grouped(std::int64_t value);         // 1,234,567
std::string csv_field(std::string text);         // of a text: quoted if need be, no formula
std::string json_text(const std::string& text);  // with its quotes
std::string moment(std::int64_t seconds);        // 2026-11-23T12:00:00Z

// What a client named may hold anything; a terminal must not obey it. "-" for an empty text.
std::string printable(std::string text);

using Line = std::vector<std::string>;

// A table, one or more lines of the same length: the first `left` columns stand left, the others
// right. Each line begins with `indent` spaces.
void write_lines(std::ostream& out, const std::vector<Line>& lines, std::size_t left, std::size_t indent = 0);

}  // namespace tollgate::cli
