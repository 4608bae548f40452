#include "cli/usage_output.hpp"

#include "base/json_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string_view>
#include <utility>

namespace tollgate::cli {
namespace {

constexpr std::int64_t nano = 1'000'000'000;

// A number of a row under the name that CSV and JSON give it.
struct Number {
  const char* name;
  std::int64_t ledger::Sums::*value;
  bool is_money = false;
};
constexpr std::array<Number, 8> numbers{{{"requests", &ledger::Sums::requests},
                                         {"prompt_tokens", &ledger::Sums::prompt},
                                         {"cached_tokens", &ledger::Sums::cached},
                                         {"completion_tokens", &ledger::Sums::completion},
                                         {"reasoning_tokens", &ledger::Sums::reasoning},
                                         {"estimated_requests", &ledger::Sums::estimated},
                                         {"cost_usd", &ledger::Sums::cost, true},
                                         {"saved_usd", &ledger::Sums::saved, true}}};

std::string text_of(const Number& number, const ledger::Sums& sums) {
  return number.is_money ? dollars(sums.*number.value) : std::to_string(sums.*number.value);
}

std::int64_t burn_a_day(const ledger::Sums& sums, double days) {
  return days > 0 ? std::llround(static_cast<double>(sums.cost) / days) : 0;
}

// 1234567 as 1,234,567
std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

// For people: ten-thousandths of a dollar.
std::string rounded(std::int64_t amount) {
  constexpr std::int64_t step = nano / 10'000;
  std::int64_t steps = std::abs(amount) / step + (std::abs(amount) % step >= step / 2 ? 1 : 0);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%04d", static_cast<int>(steps % 10'000));
  return (amount < 0 && steps != 0 ? "-$" : "$") + grouped(steps / 10'000) + fraction;
}

// What a client named may hold anything; a terminal must not obey it.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text.empty() ? "-" : text;
}

using Line = std::vector<std::string>;

Line table_line(Line keys, const ledger::UsageRow& row, double days) {
  const ledger::Sums& s = row.sums;
  for (std::int64_t value : {s.requests, s.prompt, s.cached, s.completion, s.reasoning})
    keys.push_back(grouped(value));
  for (std::int64_t amount : {s.cost, s.saved, burn_a_day(s, days)}) keys.push_back(rounded(amount));
  return keys;
}

// Keys stand left, numbers right.
void write_lines(std::ostream& out, const std::vector<Line>& lines, std::size_t left) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Line& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  for (const Line& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      std::string gap(widths[i] - line[i].size(), ' ');
      text += (i ? "  " : "") + (i < left ? line[i] + gap : gap + line[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
}

std::string hours_of(const Reserved& one) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%02lld", static_cast<long long>(one.minutes / 60),
                static_cast<long long>((one.minutes % 60 * 100 + 30) / 60));
  return text;
}

void write_reserved_table(std::ostream& out, const std::vector<Reserved>& sums) {
  if (sums.empty()) return;
  std::vector<Line> lines{{"reserved capacity", "units", "hours", "cost", "shared out", "idle"}};
  for (const Reserved& one : sums)
    lines.push_back({printable(one.deployment), grouped(one.units), hours_of(one), rounded(one.cost()),
                     rounded(one.shared), rounded(one.idle())});
  out << '\n';
  write_lines(out, lines, 1);
}

void write_reserved_csv(std::ostream& out, const std::vector<Reserved>& sums) {
  if (sums.empty()) return;
  out << "\nreserved_deployment,units,hours,cost_usd,shared_usd,idle_usd\n";
  for (const Reserved& one : sums)
    out << csv_field(one.deployment) << ',' << one.units << ',' << hours_of(one) << ','
        << dollars(one.cost()) << ',' << dollars(one.shared) << ',' << dollars(one.idle()) << '\n';
}

void write_reserved_json(std::ostream& out, const std::vector<Reserved>& sums) {
  if (sums.empty()) return;
  const char* gap = "\n";
  out << ",\"reserved_capacity\":[";
  for (const Reserved& one : sums)
    out << std::exchange(gap, ",\n") << "{\"deployment\":" << json_text(one.deployment)
        << ",\"units\":" << one.units << ",\"hours\":" << hours_of(one)
        << ",\"cost_usd\":" << dollars(one.cost()) << ",\"shared_usd\":" << dollars(one.shared)
        << ",\"idle_usd\":" << dollars(one.idle()) << '}';
  out << "\n]";
}

void write_json_numbers(std::ostream& out, const ledger::Sums& sums, double days) {
  for (const Number& number : numbers)
    out << '"' << number.name << "\":" << text_of(number, sums) << ',';
  out << "\"cost_usd_per_day\":" << dollars(burn_a_day(sums, days));
}

}  // namespace

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

void write_table(std::ostream& out, const UsageTable& usage) {
  std::vector<Line> lines{usage.by};
  for (const char* name : {"requests", "prompt", "cached", "completion", "reasoning", "cost", "saved",
                           "cost/day"})
    lines[0].emplace_back(name);
  for (const ledger::UsageRow& row : usage.rows) {
    Line keys;
    for (const std::string& key : row.keys) keys.push_back(printable(key));
    lines.push_back(table_line(std::move(keys), row, usage.days));
  }
  Line keys(usage.by.size());
  if (!keys.empty()) keys[0] = "total";
  lines.push_back(table_line(std::move(keys), usage.total, usage.days));
  write_lines(out, lines, usage.by.size());
  if (usage.total.sums.estimated != 0)
    out << "estimated requests: " << grouped(usage.total.sums.estimated)
        << " (they cost at least what is shown)\n";
  write_reserved_table(out, reserved_in_all(usage.reserved));
}

void write_csv(std::ostream& out, const UsageTable& usage) {
  for (const std::string& column : usage.by) out << column << ',';
  for (const Number& number : numbers) out << number.name << ',';
  out << "cost_usd_per_day\n";
  for (const ledger::UsageRow& row : usage.rows) {
    for (const std::string& key : row.keys) out << csv_field(key) << ',';
    for (const Number& number : numbers) out << text_of(number, row.sums) << ',';
    out << dollars(burn_a_day(row.sums, usage.days)) << '\n';
  }
  write_reserved_csv(out, reserved_in_all(usage.reserved));
}

void write_json(std::ostream& out, const UsageTable& usage) {
  out << "{\"from\":" << json_text(usage.from) << ",\"to\":" << json_text(usage.to) << ",\"rows\":[";
  const char* gap = "\n";
  for (const ledger::UsageRow& row : usage.rows) {
    out << gap << "{";
    for (std::size_t i = 0; i < row.keys.size(); ++i)
      out << json_text(usage.by[i]) << ':' << json_text(row.keys[i]) << ',';
    write_json_numbers(out, row.sums, usage.days);
    out << '}';
    gap = ",\n";
  }
  out << "\n],\"total\":{";
  write_json_numbers(out, usage.total.sums, usage.days);
  out << '}';
  write_reserved_json(out, reserved_in_all(usage.reserved));
  out << "}\n";
}

void write_meters(std::ostream& out, const std::vector<ledger::MeterRow>& meters) {
  std::vector<Line> lines{{"meter", "since", "used"}};
  for (const ledger::MeterRow& row : meters)
    lines.push_back({printable(row.key), moment(row.slot_ms / 1'000), std::to_string(row.used)});
  write_lines(out, lines, 2);
}

}  // namespace tollgate::cli
