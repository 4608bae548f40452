#include "net/group.hpp"

#include "net/loop.hpp"
#include "net/readiness.hpp"
#include "tollgate/clock.hpp"

#include <chrono>

namespace tollgate::net {

namespace {

// Who was alone the last time asks for company only now and then.
constexpr unsigned seldom = 16;

// Then sockets and timers are looked at again. The clock is read once for so many steps.
constexpr std::chrono::milliseconds longest_in_a_row{5};
constexpr unsigned steps_a_look = 16;

constexpr std::size_t much = 16 * 1024;

}  // namespace

Group::Group(Loop& loop) : loop_(loop) { ring_.next = ring_.previous = &ring_; }

bool Group::has_company() noexcept {
  if (size_ > 0 || last_size_ > 1) return true;
  return ++asked_alone_ % seldom == 0;
}

void Group::add(Place& place) {
  place.next = &ring_;
  place.previous = ring_.previous;
  ring_.previous->next = &place;
  ring_.previous = &place;
  ++size_;
  if (!is_due_) go_on_later();
}

void Group::remove(Place& place) noexcept {
  place.previous->next = place.next;
  place.next->previous = place.previous;
  place.next = place.previous = nullptr;
  --size_;
}

// Behind everything that is ready now.
void Group::go_on_later() {
  loop_.post([this] { go_on(); });
  is_due_ = true;
}

void Group::go_on() {
  last_size_ = size_;
  const TimePoint end = Clock::now() + longest_in_a_row;
  for (unsigned steps = 0; size_ > 0; ++steps) {
    if (steps % steps_a_look == steps_a_look - 1) {
      if (Clock::now() > end) return go_on_later();
      Readiness::look_for_latest(loop_);
    }
    Place& first = *ring_.next;
    remove(first);
    first.waiting.resume();
  }
  is_due_ = false;
}

Regroup::Regroup(Loop& loop, std::size_t bytes) : group_(loop.group()), has_much_(bytes > much) {}

}  // namespace tollgate::net
