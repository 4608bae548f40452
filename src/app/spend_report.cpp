#include "app/spend_report.hpp"

#include "sharing/shared_pots.hpp"
#include "telemetry/exposition.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <ctime>
#include <string_view>

namespace tollgate::app {

namespace {

using telemetry::append_label;
using telemetry::Exposition;
using telemetry::label;
using Type = Exposition::Type;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string_view unit_of(Measure measure) {
  switch (measure) {
    case Measure::requests: return "requests";
    case Measure::tokens: return "tokens";
    case Measure::concurrent: return "requests";
    case Measure::money: return "dollars";
  }
  return "";
}

double in_unit(Measure measure, std::int64_t amount) {
  return measure == Measure::money ? static_cast<double>(amount) / 1e9 : static_cast<double>(amount);
}

// A pot's key is its rule's name and its owner's.
std::string_view rule_of(std::string_view key) { return key.substr(0, key.find('|')); }
std::string_view owner_of(std::string_view key) { return key.substr(key.find('|') + 1); }

std::string utc_text(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

struct Sample {
  std::string labels;
  double used;
  double limit;
};

void limits_page(Exposition& out, Books& books) {
  std::vector<Sample> all;
  books.pots().each_fixed(now_ms(), [&](const limits::Standing& standing) {
    const limits::Pot& pot = standing.pot;
    std::string labels = label("rule", rule_of(pot.key()));
    append_label(labels, "owner", owner_of(pot.key()));
    append_label(labels, "unit", unit_of(pot.measure()));
    all.push_back({labels, in_unit(pot.measure(), standing.used), in_unit(pot.measure(), standing.limit)});
  });
  out.family("tollgate_limit_used", Type::gauge, "Used or reserved of a limit or budget in its present window.");
  for (const Sample& pot : all) out.sample(pot.labels, pot.used);
  out.family("tollgate_limit", Type::gauge, "The limit or budget itself.");
  for (const Sample& pot : all) out.sample(pot.labels, pot.limit);
  out.family("tollgate_limit_named_pots", Type::gauge, "Pots of keys, users, sessions and tasks kept now.");
  out.sample("", static_cast<std::uint64_t>(books.pots().named_pots()));

  struct Rule {
    std::string labels;
    std::uint64_t refused, fell_back;
    std::int64_t overshoot;
  };
  std::vector<Rule> rules;
  books.pots().each_rule([&](std::string_view name, const limits::RuleNumbers& numbers) {
    rules.push_back({label("rule", name), numbers.refused.load(std::memory_order_relaxed),
                     numbers.fell_back.load(std::memory_order_relaxed), numbers.overshoot.load(std::memory_order_relaxed)});
  });
  out.family("tollgate_limit_refusals_total", Type::counter, "Requests refused by a limit or budget.");
  for (const Rule& rule : rules) out.sample(rule.labels, rule.refused);
  out.family("tollgate_limit_fallbacks_total", Type::counter, "Requests served by a cheaper model because a budget was spent.");
  for (const Rule& rule : rules) out.sample(rule.labels, rule.fell_back);
  out.family("tollgate_limit_overshoot_total", Type::counter,
             "Used beyond a limit, in its own unit (money in nano-dollars): answers that were let finish, or "
             "that the provider counted higher than was reserved.");
  for (const Rule& rule : rules) out.sample(rule.labels, rule.overshoot);

  out.family("tollgate_budget_alerts_total", Type::counter, "Alert thresholds reached.");
  for (const auto& [alert, count] : books.alerts()) {
    std::string labels = label("rule", alert.first);
    append_label(labels, "percent", std::to_string(alert.second));
    out.sample(labels, count);
  }
}

void ledger_page(Exposition& out, const ledger::Ledger& ledger) {
  const ledger::Numbers numbers = ledger.numbers();
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.family(name, Type::counter, help);
    out.sample("", value);
  };
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    out.family(name, Type::gauge, help);
    out.sample("", value);
  };
  counter("tollgate_ledger_charges_total", "Charges handed to the ledger.", numbers.appended);
  counter("tollgate_ledger_dropped_total", "Charges missing from the usage rows: the ledger could not write and was full.", numbers.dropped);
  counter("tollgate_ledger_failed_writes_total", "Attempts to open the file or to commit that failed; each is tried again.", numbers.failed_writes);
  counter("tollgate_ledger_late_commits_total", "Commits that took longer than the flush interval.", numbers.late_commits);
  gauge("tollgate_ledger_failing", "1 while the ledger cannot write.", numbers.is_failing ? 1 : 0);
  gauge("tollgate_ledger_pending_bytes", "Waiting to be written.", static_cast<double>(numbers.pending_bytes));
  gauge("tollgate_ledger_file_bytes", "Size of the ledger file.", static_cast<double>(numbers.file_bytes));
  gauge("tollgate_ledger_meters", "Pots the ledger keeps.", static_cast<double>(numbers.meters));
  std::array<std::chrono::nanoseconds, ledger::commit_bounds.size()> bounds;
  std::copy(ledger::commit_bounds.begin(), ledger::commit_bounds.end(), bounds.begin());
  out.family("tollgate_ledger_commit_seconds", Type::histogram, "Time to make a batch of charges durable.");
  out.histogram("", bounds, numbers.commit_buckets, static_cast<std::uint64_t>(numbers.commit_sum.count()));
}

struct SharingRow {
  std::string_view name;
  std::string_view help;
  Type type;
  sharing::Number sharing::Numbers::*number;
};

constexpr SharingRow sharing_rows[] = {
    {"tollgate_sharing_connected", "Workers that are connected to the shared store.", Type::gauge, &sharing::Numbers::is_connected},
    {"tollgate_sharing_round_trips_total", "Reservations that the shared store answered in time.", Type::counter, &sharing::Numbers::round_trips},
    {"tollgate_sharing_round_trip_microseconds_total", "Time they took.", Type::counter, &sharing::Numbers::round_trip_us},
    {"tollgate_sharing_from_lease_total", "Reservations answered by leases alone.", Type::counter, &sharing::Numbers::from_lease},
    {"tollgate_sharing_timeouts_total", "Reservations that the shared store did not answer in time.", Type::counter, &sharing::Numbers::timeouts},
    {"tollgate_sharing_errors_total", "Error replies of the shared store.", Type::counter, &sharing::Numbers::errors},
    {"tollgate_sharing_connection_losses_total", "Connections to the shared store that broke.", Type::counter, &sharing::Numbers::connection_losses},
    {"tollgate_sharing_closed_refused_total", "Refused because the shared store was away.", Type::counter, &sharing::Numbers::closed_refused},
    {"tollgate_sharing_open_granted_total", "Granted by this gateway alone while the shared store was away.", Type::counter, &sharing::Numbers::open_granted},
    {"tollgate_sharing_last_lease_granted_total", "Granted from the last lease while the shared store was away.", Type::counter, &sharing::Numbers::last_lease_granted},
    {"tollgate_sharing_adjustments_dropped_total", "Settlements lost because the shared store was away too long.", Type::counter, &sharing::Numbers::adjustments_dropped},
};

void sharing_page(Exposition& out, Books& books, const std::vector<std::unique_ptr<Worker>>& workers) {
  for (const SharingRow& row : sharing_rows) {
    std::int64_t sum = 0;
    for (const auto& worker : workers) sum += (worker->shared()->numbers().*row.number).get();
    out.family(row.name, row.type, row.help);
    out.sample("", sum);
  }
  out.family("tollgate_sharing_lease_bound", Type::gauge,
             "What all gateways together may hold leased of a pot: the bound on what is misjudged.");
  books.pots().each_fixed(now_ms(), [&](const limits::Standing& standing) {
    const limits::Pot& pot = standing.pot;
    std::string labels = label("rule", rule_of(pot.key()));
    append_label(labels, "owner", owner_of(pot.key()));
    append_label(labels, "unit", unit_of(pot.measure()));
    out.sample(labels, in_unit(pot.measure(), workers.front()->shared()->lease_bound(standing.limit)));
  });
}

}  // namespace

std::string spend_metrics(Books& books, const Config& config, const std::vector<std::unique_ptr<Worker>>& workers) {
  Exposition out;
  limits_page(out, books);
  ledger_page(out, books.ledger());
  if (!config.sharing.redis.empty()) sharing_page(out, books, workers);
  return out.take();
}

nlohmann::ordered_json spend_status(Books& books, const Config& config) {
  nlohmann::ordered_json out;
  const ledger::State state = books.ledger().state();
  out["ledger"]["state"] = state.is_failing ? "failing" : "ok";
  if (state.is_failing) {
    out["ledger"]["since"] = utc_text(std::chrono::duration_cast<std::chrono::milliseconds>(state.since.time_since_epoch()).count());
  }
  if (!state.reason.empty()) out["ledger"]["reason"] = state.reason;
  if (!state.notice.empty()) out["ledger"]["notice"] = state.notice;
  out["ledger"]["path"] = config.ledger.path;

  out["limits"] = nlohmann::ordered_json::array();
  const std::int64_t now = now_ms();
  books.pots().each_fixed(now, [&](const limits::Standing& standing) {
    const limits::Pot& pot = standing.pot;
    nlohmann::ordered_json shown;
    shown["rule"] = rule_of(pot.key());
    shown["owner"] = owner_of(pot.key());
    shown["unit"] = unit_of(pot.measure());
    shown["limit"] = in_unit(pot.measure(), standing.limit);
    shown["used"] = in_unit(pot.measure(), standing.used);
    shown["remaining"] = in_unit(pot.measure(), standing.room);
    const limits::Period period = standing.period;
    if (pot.window_kind() != WindowKind::sliding && pot.window_kind() != WindowKind::life) {
      const double hours = static_cast<double>(now - period.begin_ms) / 3'600'000.0;
      const double burn = hours > 0 ? in_unit(pot.measure(), standing.used) / hours : 0;
      shown["resets"] = utc_text(period.end_ms);
      shown["burn_per_hour"] = burn;
      const double hours_left = burn > 0 ? in_unit(pot.measure(), standing.room) / burn : -1;
      const double spent_at = static_cast<double>(now) + hours_left * 3'600'000.0;
      const bool is_spent_before_reset = hours_left >= 0 && spent_at < static_cast<double>(period.end_ms);
      if (is_spent_before_reset) shown["spent_at_this_rate"] = utc_text(static_cast<std::int64_t>(spent_at));
    }
    out["limits"].push_back(std::move(shown));
  });
  return out;
}

}  // namespace tollgate::app
