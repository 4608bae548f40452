#include "filters/contest.hpp"

#include "net/loop.hpp"

namespace tollgate::filters {

EndOrTime::~EndOrTime() {
  loop_.disarm(*this);
  waiting_ = nullptr;
}

void EndOrTime::await_suspend(std::coroutine_handle<> caller) {
  waiting_ = caller;
  fire = [](Timer& timer) {
    auto& self = static_cast<EndOrTime&>(timer);
    if (auto waiter = std::exchange(self.waiting_, nullptr)) waiter.resume();
  };
  if (at != no_deadline) loop_.arm(*this);
}

void EndOrTime::await_resume() noexcept {
  loop_.disarm(*this);
  waiting_ = nullptr;
}

}  // namespace tollgate::filters
