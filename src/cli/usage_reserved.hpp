// What reserved capacity cost, and how much of that no request took up.
#pragma once

#include "ledger/report.hpp"
#include "tollgate/config.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace tollgate::cli {

// One deployment of `kind: ptu` that has a `unit_price`, for a stretch of time. Money in nano-dollars.
struct Reserved {
  std::string day;  // 2026-11-30; "" when the stretch is not one day
  std::string deployment;
  std::string region;
  int units = 0;
  std::int64_t unit_price = 0;  // a unit and hour
  std::int64_t minutes = 0;
  std::int64_t shared = 0;  // booked on requests

  std::int64_t cost() const noexcept;  // of all units in these minutes; saturates
  // What no request took up. Requests can be booked at more than the units cost: then 0.
  std::int64_t idle() const noexcept { return std::max<std::int64_t>(0, cost() - shared); }
};

// By deployment, in the order of the configuration, and day. Units and prices are those of `config`
// for the whole stretch, which is in minutes since the epoch, `to` exclusive.
std::vector<Reserved> reserved_by_day(ledger::Report& report, const Config& config, std::int64_t from,
                                      std::int64_t to);

// The days of each deployment added up.
std::vector<Reserved> reserved_in_all(const std::vector<Reserved>& days);

}  // namespace tollgate::cli
