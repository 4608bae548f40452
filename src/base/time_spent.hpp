// Adds the time of its life to a total: what was waited for counts, also when the wait is cut off.
#pragma once

#include "tollgate/clock.hpp"

namespace tollgate::base {

class TimeSpent {
 public:
  explicit TimeSpent(Duration& total) noexcept : total_(total) {}
  TimeSpent(const TimeSpent&) = delete;
  ~TimeSpent() { total_ += Clock::now() - since_; }

 private:
  Duration& total_;
  const TimePoint since_ = Clock::now();
};

}  // namespace tollgate::base
