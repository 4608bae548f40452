#include "net/timer_wheel.hpp"

#include <algorithm>

namespace tollgate::net {

TimerWheel::TimerWheel(TimePoint now) : zero_(now) {
  for (auto& ring : rings_) ring.prev = ring.next = &ring;
}

std::uint64_t TimerWheel::tick_of(TimePoint at) const noexcept {
  if (at <= zero_) return 0;
  return static_cast<std::uint64_t>((at - zero_ + tick - Duration(1)) / tick);
}

void TimerWheel::add(Timer& timer) {
  auto& ring = rings_[std::max(tick_of(timer.at), hand_) % slots];
  timer.prev = ring.prev;
  timer.next = &ring;
  ring.prev->next = &timer;
  ring.prev = &timer;
}

void TimerWheel::remove(Timer& timer) noexcept {
  timer.prev->next = timer.next;
  timer.next->prev = timer.prev;
  timer.prev = timer.next = nullptr;
}

void TimerWheel::advance(TimePoint now) {
  if (now < zero_) return;
  const auto reached = static_cast<std::uint64_t>((now - zero_) / tick);
  if (reached < hand_) return;
  // After a long sleep one round over the slots sees every timer.
  const auto first = reached - hand_ >= slots ? reached - slots + 1 : hand_;
  hand_ = reached + 1;
  for (auto at = first; at <= reached; ++at) {
    auto& ring = rings_[at % slots];
    // The due timers move to a list of their own first: what they fire may add to this very ring.
    Timer due;
    due.prev = due.next = &due;
    for (Timer* timer = ring.next; timer != &ring;) {
      Timer* next = timer->next;
      if (timer->at <= now) {
        remove(*timer);
        timer->prev = due.prev;
        timer->next = &due;
        due.prev->next = timer;
        due.prev = timer;
      }
      timer = next;
    }
    while (due.next != &due) {
      Timer& timer = *due.next;
      remove(timer);
      timer.fire(timer);
    }
  }
}

TimePoint TimerWheel::next_look() const noexcept {
  for (std::uint64_t i = 0; i < slots; ++i) {
    const auto& ring = rings_[(hand_ + i) % slots];
    if (ring.next != &ring) return zero_ + (hand_ + i) * tick;
  }
  return no_deadline;
}

}  // namespace tollgate::net
