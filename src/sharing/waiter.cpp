#include "sharing/waiter.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::sharing {

void WakeList::add(Waiter& waiter) {
  waiting_.push_back(&waiter);
  waiter.is_listed_ = true;
  if (std::exchange(is_posted_, true)) return;
  loop_.post([this, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) wake_all();
  });
}

void WakeList::remove(const Waiter& waiter) noexcept {
  std::replace(waiting_.begin(), waiting_.end(), const_cast<Waiter*>(&waiter),
               static_cast<Waiter*>(nullptr));
}

void WakeList::wake_all() {
  const std::weak_ptr<int> alive = alive_;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    Waiter* waiter = std::exchange(waiting_[i], nullptr);
    if (!waiter) continue;
    waiter->is_listed_ = false;
    waiter->caller_.resume();
    if (alive.expired()) return;
  }
  waiting_.clear();
  is_posted_ = false;
}

Waiter::Waiter(net::Loop& loop, WakeList& wakes, TimePoint deadline) : loop_(loop), wakes_(wakes) {
  at = deadline;
}

Waiter::~Waiter() {
  loop_.disarm(*this);
  if (is_listed_) wakes_.remove(*this);
  detach();
}

void Waiter::await_suspend(std::coroutine_handle<> caller) {
  caller_ = caller;
  fire = [](Timer& timer) {
    auto& self = static_cast<Waiter&>(timer);
    self.is_over_ = true;
    self.detach();
    self.caller_.resume();
  };
  loop_.arm(*this);
}

void Waiter::detach() noexcept {
  if (ticket_) std::exchange(ticket_, nullptr)->waiter = nullptr;
}

void Waiter::end() {
  detach();
  if (std::exchange(is_over_, true)) return;
  loop_.disarm(*this);
  if (caller_) wakes_.add(*this);
}

}  // namespace tollgate::sharing
