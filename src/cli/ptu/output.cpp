#include "cli/ptu/output.hpp"

#include "cli/reading.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <utility>

namespace tollgate::cli {
namespace {

constexpr double few_days = 7;

double days_of(const Group& group) {
  return static_cast<double>(group.end - group.begin) / static_cast<double>(minutes_a_day);
}

std::string decimal(double value, int places) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", places, value);
  return text;
}

// 0.034 as "3.4 %"
std::string percent(double share) {
  if (share > 0 && share < 0.0005) return "<0.1 %";
  return decimal(share * 100, 1) + " %";
}

std::string money(std::optional<std::int64_t> amount) {
  return amount ? rounded_dollars(*amount, 2) : "?";
}

// A price of a unit is small enough to need its tenths of a cent.
std::string unit_money(std::int64_t amount) { return rounded_dollars(amount, 3); }

std::string stretch_text(const Group& group) {
  const std::int64_t minutes = group.end - group.begin;
  if (minutes < 2 * 60) return grouped(minutes) + (minutes == 1 ? " minute" : " minutes");
  if (minutes < 2 * minutes_a_day) return decimal(static_cast<double>(minutes) / 60, 1) + " hours";
  return decimal(days_of(group), 1) + " days";
}

std::string loads_text(const LoadCurve& curve) {
  return "average " + grouped(std::llround(curve.average())) + ", p50 " + grouped(curve.percentile(500)) +
         ", p95 " + grouped(curve.percentile(950)) + ", p99 " + grouped(curve.percentile(990));
}

void write_seen(std::ostream& out, const Advised& advised) {
  const Group& group = advised.group;
  const Tokens& tokens = group.load.total();
  out << "  seen         " << stretch_text(group) << ", " << minute_text(group.begin) << " to "
      << minute_text(group.end) << "; " << grouped(advised.curve.busy_minutes()) << " of "
      << grouped(advised.curve.stretch()) << " minutes with use\n"
      << "  tokens       " << grouped(tokens.input) << " in ("
      << percent(tokens.input > 0 ? static_cast<double>(tokens.cached) / static_cast<double>(tokens.input) : 0)
      << " of them cached), " << grouped(tokens.output) << " out, " << grouped(tokens.requests)
      << " requests\n";
}

void write_load(std::ostream& out, const Advised& advised) {
  const Group& group = advised.group;
  const UnitSize& size = group.terms.size;
  const std::int64_t peak = advised.curve.peak();
  out << "  load         tokens a minute, an answer token counts as " << size.answer_weight
      << ", a cached one as 0:\n"
      << "               " << loads_text(advised.curve) << ", peak " << grouped(peak) << " at "
      << minute_text(peak_minute(group.load)) << '\n'
      << "  recommended  " << grouped(advised.advice.recommended) << " units: peak + "
      << group.terms.head_room_percent << " % = " << grouped(advised.advice.needed_load) << ", a unit carries "
      << grouped(size.tokens_a_minute) << ", " << scope_text(group.scope) << " from " << size.minimum
      << " in steps of " << size.step << '\n';
  if (!group.terms.present) return;
  const int units = group.terms.present->units;
  out << "  present      " << (units == 0 ? "no units" : grouped(units) + " units");
  if (units > 0)
    out << ": the peak is "
        << percent(static_cast<double>(peak) / static_cast<double>(units * size.tokens_a_minute))
        << " of what they carry, the average "
        << percent(advised.curve.average() / static_cast<double>(units * size.tokens_a_minute));
  out << '\n';
}

void write_members(std::ostream& out, const Advised& advised) {
  const Group& group = advised.group;
  if (group.members.size() < 2) return;
  std::vector<Line> lines{{"deployment", "kind", "units", "p95", "p99", "peak", "units for itself"}};
  for (const auto& [name, member] : group.members) {
    const LoadCurve curve(member.load.minutes(), advised.curve.stretch());
    const std::int64_t needed = with_head_room(curve.peak(), group.terms.head_room_percent);
    lines.push_back({printable(name), member.kind == DeploymentKind::ptu ? "ptu" : "payg",
                     member.units ? grouped(*member.units) : "-", grouped(curve.percentile(950)),
                     grouped(curve.percentile(990)), grouped(curve.peak()),
                     grouped(units_for(needed, group.terms.size))});
  }
  out << '\n';
  write_lines(out, lines, 2, 2);
}

void write_alternatives(std::ostream& out, const Advised& advised) {
  std::vector<Line> lines{{"a month of " + std::to_string(hours_a_month) + " hours", "units", "minutes above",
                           "spilled", "units cost", "by the token", "total", "even at"}};
  for (const Alternative& one : advised.advice.alternatives) {
    const bool has_units = one.units > 0;
    lines.push_back({kind_text(one.kind, advised.group.terms.head_room_percent), grouped(one.units),
                     has_units ? percent(one.minutes_above) : "-", has_units ? percent(one.spilled) : "-",
                     money(one.units_cost), money(one.payg_cost), money(one.total),
                     one.even_price ? unit_money(*one.even_price) : "-"});
  }
  out << '\n';
  write_lines(out, lines, 1, 2);
}

void write_break_even(std::ostream& out, const Advised& advised) {
  if (!advised.advice.worth_of_unit_hour) return;
  const std::int64_t worth = *advised.advice.worth_of_unit_hour;
  out << "\n  break-even   what a unit carries in an hour of full use costs " << unit_money(worth)
      << " by the token.\n";
  if (const auto& price = advised.group.terms.unit_price) {
    const double use = static_cast<double>(*price) / static_cast<double>(std::max<std::int64_t>(worth, 1));
    out << "               At " << unit_money(*price) << " an hour a unit ";
    if (use <= 1)
      out << "pays off when it is used to more than " << percent(use) << " on average.\n";
    else
      out << "never pays off with these tokens: full use is worth less.\n";
  } else {
    out << "               What a unit costs is not known: give --unit-price, or unit_price with the deployment.\n"
           "               \"even at\" is the price of a unit and hour at which a line costs as much as no units.\n";
  }
}

}  // namespace

Advised::Advised(Group from)
    : group(std::move(from)), curve(group.load.minutes(), group.end - group.begin) {
  if (is_sold()) advice = advise(group.load.minutes(), curve, group.terms);
}

std::string scope_text(DeploymentScope scope) {
  switch (scope) {
    case DeploymentScope::global: return "global";
    case DeploymentScope::data_zone: return "data_zone";
    case DeploymentScope::regional: return "regional";
  }
  return "";
}

std::string kind_text(Alternative::Kind kind, int head_room_percent) {
  switch (kind) {
    case Alternative::Kind::payg: return "all by the token";
    case Alternative::Kind::peak: return "peak + " + std::to_string(head_room_percent) + " %";
    case Alternative::Kind::p99: return "p99, rest spills";
    case Alternative::Kind::p95: return "p95, rest spills";
    case Alternative::Kind::cheapest: return "cheapest";
    case Alternative::Kind::present: return "as it is";
  }
  return "";
}

std::string minute_text(std::int64_t minute) {
  std::string text = moment(minute * 60);
  return text.erase(text.size() - 4) + 'Z';
}

std::int64_t peak_minute(const Load& load) {
  const auto& minutes = load.minutes();
  const auto peak = std::max_element(minutes.begin(), minutes.end(), [](const auto& a, const auto& b) {
    return a.load < b.load;
  });
  return peak == minutes.end() ? 0 : peak->minute;
}

std::vector<std::string> warnings_of(const Advised& advised) {
  const Group& group = advised.group;
  std::vector<std::string> warnings;
  if (!advised.is_sold()) {
    warnings.push_back("what a unit carries is not known for this model: if it is sold in units, give "
                       "--unit-tokens and --answer-weight");
    return warnings;
  }
  if (days_of(group) < few_days)
    warnings.push_back("no more than " + stretch_text(group) +
                       " could be seen: a week has busy and quiet days, so look again when there are 7 or more");
  if (!group.terms.is_priced)
    warnings.push_back("what its tokens cost is not known: say it under prices and name the file with --config");
  const std::int64_t requests = std::max<std::int64_t>(group.load.total().requests, 1);
  if (group.estimated_requests * 20 > requests)
    warnings.push_back(percent(static_cast<double>(group.estimated_requests) / static_cast<double>(requests)) +
                       " of the requests have estimated counts: there is at least this much");
  if (group.long_context_above > 0)
    warnings.push_back("prompts of more than " + grouped(group.long_context_above) +
                       " tokens cost more by the token than is reckoned here");
  if (group.batch_requests > 0)
    warnings.push_back("batches are left out (calls about them, looks included: " + grouped(group.batch_requests) +
                       "): they do not run on units");
  return warnings;
}

void write_advice(std::ostream& out, const Advised& advised) {
  out << printable(advised.group.model) << ", " << scope_text(advised.group.scope) << ':';
  const char* gap = " ";
  for (const auto& [name, member] : advised.group.members)
    out << std::exchange(gap, ", ") << printable(name);
  out << '\n';
  write_seen(out, advised);
  if (advised.is_sold()) {
    write_load(out, advised);
    write_members(out, advised);
    write_alternatives(out, advised);
    write_break_even(out, advised);
  }
  for (const std::string& warning : warnings_of(advised)) out << "  warning: " << warning << '\n';
}

}  // namespace tollgate::cli
