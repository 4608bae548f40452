// The first of two to finish wins; the other is cancelled before race returns, so both may use the
// caller's locals.
#pragma once

#include "base/branch.hpp"

#include <variant>

namespace tollgate::base {

template <class A, class B>
class Race {
 public:
  Race(awaitable<A> a, awaitable<B> b)
      : first_(run(std::move(a), result_a_)), second_(run(std::move(b), result_b_)) {}
  Race(const Race&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) {
    first_.start(&caller_);
    if (first_.is_done()) return false;
    second_.start(&caller_);
    if (first_.is_done() || second_.is_done()) return false;
    caller_ = caller;
    return true;
  }
  std::variant<A, B> await_resume() {
    const bool first_won = first_.is_done();
    (first_won ? second_ : first_).cancel();
    if (first_won) return std::variant<A, B>(std::in_place_index<0>, result_a_.take());
    return std::variant<A, B>(std::in_place_index<1>, result_b_.take());
  }

 private:
  Result<A> result_a_;
  Result<B> result_b_;
  std::coroutine_handle<> caller_;
  Branch first_;   // the branches go before what they refer to
  Branch second_;
};

// Index 0 of the result: `a` won.
template <class A, class B>
awaitable<std::variant<A, B>> race(awaitable<A> a, awaitable<B> b) {
  Race<A, B> both(std::move(a), std::move(b));
  co_return co_await both;
}

}  // namespace tollgate::base
