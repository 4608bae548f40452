#include "cli/ptu/curve.hpp"

#include <algorithm>
#include <functional>

namespace tollgate::cli {

LoadCurve::LoadCurve(const std::vector<LoadMinute>& minutes, std::int64_t stretch)
    : stretch_(std::max<std::int64_t>(stretch, 1)), load_before_(1), cost_before_(1), price_before_(1) {
  std::vector<const LoadMinute*> by_load;
  for (const LoadMinute& minute : minutes) by_load.push_back(&minute);
  std::stable_sort(by_load.begin(), by_load.end(),
                   [](const LoadMinute* a, const LoadMinute* b) { return a->load > b->load; });
  for (const LoadMinute* minute : by_load) {
    const auto load = static_cast<double>(minute->load);
    const auto cost = static_cast<double>(minute->cost);
    loads_.push_back(minute->load);
    load_before_.push_back(load_before_.back() + load);
    cost_before_.push_back(cost_before_.back() + cost);
    price_before_.push_back(price_before_.back() + (load > 0 ? cost / load : 0));
  }
}

double LoadCurve::average() const noexcept { return total_load() / static_cast<double>(stretch_); }

std::int64_t LoadCurve::percentile(int thousandths) const noexcept {
  const std::int64_t below = (stretch_ * thousandths + 999) / 1000;  // minutes that do not exceed it
  const std::int64_t larger = stretch_ - std::max<std::int64_t>(below, 1);
  return larger < busy_minutes() ? loads_[static_cast<std::size_t>(larger)] : 0;
}

Spill LoadCurve::above(std::int64_t capacity) const noexcept {
  const auto end = std::lower_bound(loads_.begin(), loads_.end(), capacity, std::greater<>());
  const auto count = static_cast<std::size_t>(end - loads_.begin());
  const auto fits = static_cast<double>(capacity);
  return {static_cast<std::int64_t>(count), load_before_[count] - fits * static_cast<double>(count),
          cost_before_[count] - fits * price_before_[count]};
}

}  // namespace tollgate::cli
