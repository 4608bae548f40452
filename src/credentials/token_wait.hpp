// Waits on a worker's loop for the next end of an attempt to fetch a token, or for a moment.
// One thread: the worker's; the main thread wakes it through the loop.
#pragma once

#include "credentials/token_cell.hpp"
#include "net/loop.hpp"

#include <coroutine>
#include <memory>

namespace tollgate::credentials {

class TokenWait;

// Shared, because a wake-up may be on its way when its owner goes.
struct WaitPlace {
  net::Loop& loop;
  TokenWait* owner;  // null: it has gone; the loop's thread alone looks at it
};

// Cancelled by being destroyed.
class TokenWait : private Timer {
 public:
  // `seen`: View::attempts of the look that was not good enough.
  TokenWait(net::Loop& loop, std::shared_ptr<TokenCell> cell, std::uint64_t seen, TimePoint until)
      : cell_(std::move(cell)), seen_(seen), place_(std::make_shared<WaitPlace>(WaitPlace{loop, this})) {
    at = until;
    fire = [](Timer& timer) { static_cast<TokenWait&>(timer).wake(); };
  }
  TokenWait(const TokenWait&) = delete;
  ~TokenWait() { leave(); }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    if (!cell_->enlist(place_, seen_)) return false;
    place_->loop.arm(*this);
    return true;
  }
  void await_resume() const noexcept {}

  void wake() {
    leave();
    caller_.resume();
  }

 private:
  void leave() {
    if (!place_->owner) return;
    place_->owner = nullptr;
    place_->loop.disarm(*this);
    cell_->strike(*place_);
  }

  std::shared_ptr<TokenCell> cell_;
  std::uint64_t seen_;
  std::shared_ptr<WaitPlace> place_;
  std::coroutine_handle<> caller_;
};

}  // namespace tollgate::credentials
