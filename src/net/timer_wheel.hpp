// Deadlines of one worker: thousands of timers, armed and cancelled in constant time.
//
// A wheel of slots, each a ring of timers; a slot's timers are looked at when the hand passes it and
// those of a later round stay. Precision is one tick (10 ms), always late, never early.
// Pure data: time is an argument. One thread: the worker's.
#pragma once

#include "tollgate/clock.hpp"

#include <array>
#include <cstdint>

namespace tollgate::net {

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds tick{10};
  static constexpr std::size_t slots = 1024;

  explicit TimerWheel(TimePoint now);
  TimerWheel(const TimerWheel&) = delete;

  // Links the timer; `timer.at` and `timer.fire` are set by the caller. REQUIRES: not armed.
  void add(Timer& timer);
  static void remove(Timer& timer) noexcept;

  // Fires what is due. Timers may be added and removed by what is fired.
  void advance(TimePoint now);

  // When advance() has something to look at again; no_deadline when nothing is armed.
  TimePoint next_look() const noexcept;

 private:
  std::uint64_t tick_of(TimePoint at) const noexcept;  // the first tick that is not before `at`

  TimePoint zero_;
  std::uint64_t hand_ = 0;  // ticks before this one have been looked at
  std::array<Timer, slots> rings_;
};

}  // namespace tollgate::net
