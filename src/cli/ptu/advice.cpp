#include "cli/ptu/advice.hpp"

#include <algorithm>
#include <cmath>

namespace tollgate::cli {
namespace {

using Kind = Alternative::Kind;

// From what was seen in the stretch to a month, in whole nano-dollars.
std::int64_t a_month(double cost, const LoadCurve& curve) {
  constexpr double minutes = static_cast<double>(hours_a_month) * 60;
  return std::llround(cost * minutes / static_cast<double>(curve.stretch()));
}

std::optional<std::int64_t> sum_of(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (!a || !b) return std::nullopt;
  return *a + *b;
}

std::optional<std::int64_t> units_cost(int units, const Terms& terms) {
  if (units == 0) return 0;
  if (!terms.unit_price) return std::nullopt;
  return units * *terms.unit_price * hours_a_month;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

Alternative with_units(Kind kind, int units, const LoadCurve& curve, const Terms& terms) {
  const Spill spill = curve.above(units * terms.size.tokens_a_minute);
  Alternative result;
  result.kind = kind;
  result.units = units;
  result.minutes_above = share(static_cast<double>(spill.minutes), static_cast<double>(curve.stretch()));
  result.spilled = share(spill.load, curve.total_load());
  result.units_cost = units_cost(units, terms);
  if (terms.is_priced) {
    const double paid_by_token = units == 0 ? curve.total_cost() : spill.cost;
    result.payg_cost = a_month(paid_by_token, curve);
    if (units > 0)
      result.even_price = (a_month(curve.total_cost(), curve) - *result.payg_cost) / (units * hours_a_month);
  }
  result.total = sum_of(result.units_cost, result.payg_cost);
  return result;
}

// Beyond the peak another unit only costs.
Alternative cheapest(const LoadCurve& curve, const Terms& terms) {
  Alternative best = with_units(Kind::cheapest, 0, curve, terms);
  const int most = units_for(curve.peak(), terms.size);
  for (int units = terms.size.minimum; units <= most; units += terms.size.step) {
    Alternative other = with_units(Kind::cheapest, units, curve, terms);
    if (*other.total < *best.total) best = other;
  }
  return best;
}

Alternative as_it_is(const std::vector<LoadMinute>& minutes, const LoadCurve& curve, const Terms& terms) {
  Alternative result = with_units(Kind::present, terms.present->units, curve, terms);
  double load = 0, cost = 0;
  for (const LoadMinute& minute : minutes) {
    load += static_cast<double>(minute.payg_load);
    cost += static_cast<double>(minute.payg_cost);
  }
  result.spilled = share(load, curve.total_load());
  result.units_cost = terms.present->price_an_hour;
  if (result.units_cost) *result.units_cost *= hours_a_month;
  if (terms.is_priced) result.payg_cost = a_month(cost, curve);
  result.total = sum_of(result.units_cost, result.payg_cost);
  result.even_price.reset();
  return result;
}

}  // namespace

Advice advise(const std::vector<LoadMinute>& minutes, const LoadCurve& curve, const Terms& terms) {
  Advice advice;
  advice.needed_load = with_head_room(curve.peak(), terms.head_room_percent);
  advice.recommended = units_for(advice.needed_load, terms.size);
  const auto for_percentile = [&](Kind kind, int thousandths) {
    return with_units(kind, units_for(curve.percentile(thousandths), terms.size), curve, terms);
  };
  advice.alternatives = {with_units(Kind::payg, 0, curve, terms),
                         with_units(Kind::peak, advice.recommended, curve, terms),
                         for_percentile(Kind::p99, 990), for_percentile(Kind::p95, 950)};
  if (terms.unit_price && terms.is_priced) advice.alternatives.push_back(cheapest(curve, terms));
  if (terms.present) advice.alternatives.push_back(as_it_is(minutes, curve, terms));
  if (terms.is_priced && curve.total_load() > 0) {
    const double tokens_an_hour = static_cast<double>(terms.size.tokens_a_minute) * 60;
    advice.worth_of_unit_hour = std::llround(curve.total_cost() / curve.total_load() * tokens_an_hour);
  }
  return advice;
}

}  // namespace tollgate::cli
