// Work that something outside may end early: nullopt then.
#pragma once

#include "base/branch.hpp"

namespace tollgate::base {

template <class T>
class Cancellable {
 public:
  explicit Cancellable(awaitable<T> work) : work_(std::move(work)) {}
  Cancellable(const Cancellable&) = delete;

  bool await_ready() const noexcept { return work_.is_ready(); }
  bool await_suspend(std::coroutine_handle<> caller) {
    branch_ = run(work_, result_);
    branch_.start(&caller_);
    if (branch_.is_done()) return false;
    caller_ = caller;
    return true;
  }
  std::optional<T> await_resume() {
    if (is_cancelled_) return std::nullopt;
    if (work_.is_ready()) return work_.await_resume();
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
  awaitable<T> work_;
  Result<T> result_;
  std::coroutine_handle<> caller_;
  bool is_cancelled_ = false;
  Branch branch_;
};

}  // namespace tollgate::base
