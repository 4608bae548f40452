#include "cli/usage_reserved.hpp"

#include "cli/reading.hpp"
#include "cli/text.hpp"

#include <limits>
#include <map>
#include <utility>

namespace tollgate::cli {
namespace {

__extension__ using Wide = __int128;

// What requests were booked at, by day and deployment.
std::map<std::pair<std::string, std::string>, std::int64_t> shared_out(ledger::Report& report,
                                                                       std::int64_t from, std::int64_t to) {
  ledger::UsageQuery query;
  query.by = {"day", "deployment"};
  query.from_minute = from;
  query.to_minute = to;
  query.only.emplace_back("kind", "ptu");
  std::map<std::pair<std::string, std::string>, std::int64_t> result;
  for (const ledger::UsageRow& row : report.usage(query))
    result[{row.keys[0], row.keys[1]}] = row.sums.cost;
  return result;
}

}  // namespace

std::int64_t Reserved::cost() const noexcept {
  const Wide nano_dollars = static_cast<Wide>(units) * unit_price * minutes / 60;
  return static_cast<std::int64_t>(std::min<Wide>(nano_dollars, std::numeric_limits<std::int64_t>::max()));
}

std::vector<Reserved> reserved_by_day(ledger::Report& report, const Config& config, std::int64_t from,
                                      std::int64_t to) {
  const auto shared = shared_out(report, from, to);
  std::vector<Reserved> days;
  for (const auto& deployment : config.deployments) {
    if (deployment->kind != DeploymentKind::ptu || deployment->unit_price == 0) continue;
    for (std::int64_t begin = from; begin < to;) {
      std::int64_t into_day = begin % minutes_a_day;
      if (into_day < 0) into_day += minutes_a_day;
      const std::int64_t end = std::min(begin - into_day + minutes_a_day, to);
      Reserved one;
      one.day = moment(begin * 60).substr(0, 10);
      one.deployment = deployment->name;
      one.region = deployment->region;
      one.units = deployment->units;
      one.unit_price = deployment->unit_price;
      one.minutes = end - begin;
      if (auto found = shared.find({one.day, one.deployment}); found != shared.end())
        one.shared = found->second;
      days.push_back(std::move(one));
      begin = end;
    }
  }
  return days;
}

std::vector<Reserved> reserved_in_all(const std::vector<Reserved>& days) {
  std::vector<Reserved> sums;
  for (const Reserved& one : days) {
    if (sums.empty() || sums.back().deployment != one.deployment) {
      sums.push_back(one);
      sums.back().day.clear();
      continue;
    }
    sums.back().minutes += one.minutes;
    sums.back().shared += one.shared;
  }
  return sums;
}

}  // namespace tollgate::cli
