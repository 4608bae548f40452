#include "cli/text.hpp"

#include "base/json_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace tollgate::cli {
namespace {

constexpr std::int64_t nano = 1'000'000'000;

}  // namespace

bool tells_help(int argc, char** argv, const char* how_to) {
  const bool is_asked = std::any_of(argv, argv + std::max(argc, 0), [](std::string_view argument) {
    return argument == "--help" || argument == "-h";
  });
  if (is_asked) std::cout << how_to;
  return is_asked;
}

std::string dollars(std::int64_t amount) {
  const std::uint64_t size = amount < 0 ? 0 - static_cast<std::uint64_t>(amount)
                                        : static_cast<std::uint64_t>(amount);
  char text[40];
  std::snprintf(text, sizeof text, "%s%llu.%09llu", amount < 0 ? "-" : "",
                static_cast<unsigned long long>(size / nano),
                static_cast<unsigned long long>(size % nano));
  std::string result = text;
  while (result.ends_with('0') && !result.ends_with(".0")) result.pop_back();
  return result;
}

std::string rounded_dollars(std::int64_t amount, int places) {
  std::int64_t scale = 1;
  for (int i = 0; i < places; ++i) scale *= 10;
  const std::int64_t step = nano / scale;
  const std::int64_t steps = std::abs(amount) / step + (std::abs(amount) % step * 2 >= step && step > 1 ? 1 : 0);
  std::string text = (amount < 0 && steps != 0 ? "-$" : "$") + grouped(steps / scale);
  if (places == 0) return text;
  char fraction[24];
  std::snprintf(fraction, sizeof fraction, ".%0*lld", places, static_cast<long long>(steps % scale));
  return text + fraction;
}

std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string csv_field(std::string text) {
  // A spreadsheet would take what a client named for a formula and run it.
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos)
    text.insert(text.begin(), '\'');
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  json_escape(quoted, text);
  return quoted + '"';
}

std::string moment(std::int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds at{std::chrono::seconds(seconds)};
  const year_month_day day{floor<days>(at)};
  const hh_mm_ss time{at - floor<days>(at)};
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text.empty() ? "-" : text;
}

void write_lines(std::ostream& out, const std::vector<Line>& lines, std::size_t left, std::size_t indent) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Line& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  for (const Line& line : lines) {
    std::string text(indent, ' ');
    for (std::size_t i = 0; i < line.size(); ++i) {
      std::string gap(widths[i] - line[i].size(), ' ');
      text += (i ? "  " : "") + (i < left ? line[i] + gap : gap + line[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
}

}  // namespace tollgate::cli
