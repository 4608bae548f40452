// A load by size instead of by time: percentiles, and what is above a capacity. Pure.
#pragma once

#include "cli/ptu/load.hpp"

#include <cstdint>
#include <vector>

namespace tollgate::cli {

// What does not fit under a capacity.
struct Spill {
  std::int64_t minutes = 0;  // in which something does not fit
  double load = 0;           // weighted tokens
  double cost = 0;           // nano-dollars by pay-as-you-go; each minute's tokens have one price
};

class LoadCurve {
 public:
  // `stretch` is the number of minutes that were looked at; those without usage have no load.
  LoadCurve(const std::vector<LoadMinute>& minutes, std::int64_t stretch);

  std::int64_t stretch() const noexcept { return stretch_; }
  std::int64_t busy_minutes() const noexcept { return static_cast<std::int64_t>(loads_.size()); }
  std::int64_t peak() const noexcept { return loads_.empty() ? 0 : loads_.front(); }
  double average() const noexcept;  // over all minutes

  // The smallest load that at least so many thousandths of all minutes do not exceed.
  std::int64_t percentile(int thousandths) const noexcept;
  Spill above(std::int64_t capacity) const noexcept;
  double total_load() const noexcept { return load_before_.back(); }
  double total_cost() const noexcept { return cost_before_.back(); }

 private:
  std::int64_t stretch_;
  std::vector<std::int64_t> loads_;  // the largest first
  // Sums over the first n of them.
  std::vector<double> load_before_;
  std::vector<double> cost_before_;
  std::vector<double> price_before_;  // of cost by load
};

}  // namespace tollgate::cli
