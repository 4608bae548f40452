// Time as the gateway sees it: one monotonic clock for deadlines, one wall clock for records.
#pragma once

#include <chrono>

namespace tollgate {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using WallTime = std::chrono::system_clock::time_point;

inline constexpr TimePoint no_deadline = TimePoint::max();

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
