#include "cli/usage_output.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <utility>

namespace tollgate::cli {
namespace {

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

// Ten-thousandths of a dollar: what one call costs is not $0.00.
std::string shown_money(std::int64_t amount) { return rounded_dollars(amount, 4); }

Line table_line(Line keys, const ledger::UsageRow& row, double days) {
  const ledger::Sums& s = row.sums;
  for (std::int64_t value : {s.requests, s.prompt, s.cached, s.completion, s.reasoning})
    keys.push_back(grouped(value));
  for (std::int64_t amount : {s.cost, s.saved, burn_a_day(s, days)}) keys.push_back(shown_money(amount));
  return keys;
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
    lines.push_back({printable(one.deployment), grouped(one.units), hours_of(one), shown_money(one.cost()),
                     shown_money(one.shared), shown_money(one.idle())});
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
