// Work that something outside may end early: nullopt then.
#pragma once

#include "base/branch.hpp"

namespace tollgate::base {

template <class T>
class Cancellable {
 public:
  explicit Cancellable(awaitable<T> work) : branch_(run(std::move(work), result_)) {}
  Cancellable(const Cancellable&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) {
    branch_.start(&caller_);
    if (branch_.is_done()) return false;
    caller_ = caller;
    return true;
  }
  std::optional<T> await_resume() {
    if (is_cancelled_) return std::nullopt;
    return result_.take();
  }

  // From the event loop only, never from inside the work: destroys it inside out, then resumes who
  // awaits.
  void cancel() {
    if (!caller_) return;
    is_cancelled_ = true;
    branch_.cancel();
    std::exchange(caller_, nullptr).resume();
  }

 private:
  Result<T> result_;
  std::coroutine_handle<> caller_;
  bool is_cancelled_ = false;
  Branch branch_;
};

}  // namespace tollgate::base
