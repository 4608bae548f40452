// Time as the gateway sees it: one monotonic clock for deadlines, one wall clock for records.
#pragma once

#include <chrono>
#include <ctime>

namespace tollgate {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using WallTime = std::chrono::system_clock::time_point;

inline constexpr TimePoint no_deadline = TimePoint::max();

// The clocks at the last tick of the system, a few milliseconds ago at most: a tenth of the price, for
// moments that need not be exact.
inline TimePoint coarse_now() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return TimePoint(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}
inline WallTime coarse_wall_now() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return WallTime(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

// A moment that something must know of. Lives inside the waiting object and is linked into the
// worker's timer wheel, so arming and cancelling allocate nothing and make no system call.
// One thread: the worker whose wheel holds it.
struct Timer {
  Timer* prev = nullptr;
  Timer* next = nullptr;
  TimePoint at{};
  void (*fire)(Timer&) = nullptr;  // called by the event loop, the timer is unlinked by then
  bool is_armed() const noexcept { return next != nullptr; }
};

}  // namespace tollgate
