// How many units to reserve for a load, and what the alternatives would cost a month. Pure.
#pragma once

#include "cli/ptu/curve.hpp"
#include "cli/ptu/units.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace tollgate::cli {

inline constexpr std::int64_t hours_a_month = 730;

// What there is now, as the configuration says and the ledger has seen.
struct Present {
  int units = 0;
  std::optional<std::int64_t> price_an_hour;  // nano-dollars, of all units; absent: not known
};

// What the advice rests on besides the load.
struct Terms {
  UnitSize size;
  int head_room_percent = 20;
  std::optional<std::int64_t> unit_price;  // nano-dollars a unit and hour
  bool is_priced = true;                   // whether the costs of the load's minutes mean anything
  std::optional<Present> present;          // absent: nothing is known of it
};

struct Alternative {
  enum class Kind : unsigned char {
    payg,      // no units
    peak,      // for the highest minute and the head-room
    p99,       // for 99 % of the minutes; the rest goes to pay-as-you-go
    p95,
    cheapest,  // of all sizes; only where a unit has a price
    present,
  };
  Kind kind = Kind::payg;
  int units = 0;
  double minutes_above = 0;  // share of all minutes in which the load is above the units
  double spilled = 0;        // share of the load that pay-as-you-go takes
  // Nano-dollars a month; absent where a price is not known.
  std::optional<std::int64_t> units_cost;
  std::optional<std::int64_t> payg_cost;
  std::optional<std::int64_t> total;
  // The price of a unit and hour at which it costs as much as no units at all.
  std::optional<std::int64_t> even_price;
};

struct Advice {
  int recommended = 0;               // units for the peak and the head-room
  std::int64_t needed_load = 0;      // tokens a minute, what they are for
  std::vector<Alternative> alternatives;
  // What the tokens that one unit carries in an hour of full use cost by pay-as-you-go, in
  // nano-dollars. A unit pays off at unit price / this, as a share of full use.
  std::optional<std::int64_t> worth_of_unit_hour;
};

Advice advise(const std::vector<LoadMinute>& minutes, const LoadCurve& curve, const Terms& terms);

}  // namespace tollgate::cli
