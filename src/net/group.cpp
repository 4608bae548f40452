#include "net/group.hpp"

#include "net/loop.hpp"

namespace tollgate::net {

namespace {

// Who was alone the last time asks for company only now and then.
constexpr unsigned seldom = 16;

// Then sockets and clocks are looked at again.
constexpr int most_in_a_row = 512;

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
  is_due_ = true;
  loop_.post([this] { go_on(); });
}

void Group::go_on() {
  last_size_ = size_;
  for (int left = most_in_a_row; size_ > 0; --left) {
    if (left == 0) return go_on_later();
    Place& first = *ring_.next;
    remove(first);
    first.waiting.resume();
  }
  is_due_ = false;
}

Regroup::Regroup(Loop& loop) : group_(loop.group()) {}

}  // namespace tollgate::net
