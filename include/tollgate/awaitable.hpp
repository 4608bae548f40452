// The coroutine type of the house: what every step that may wait returns.
//
// Why not asio::awaitable: a result that is already there costs nothing here (no frame, no trip
// through the scheduler, so relaying a chunk allocates nothing), cancelling is destroying (locals
// are destroyed inside out and no exception is thrown), and a header that uses it compiles in a
// fraction of the time because it needs only the standard library.
//
// Rules:
// - One thread: an awaitable and all it awaits live on the worker that started them.
// - It is lazy: nothing runs before it is awaited. Await it at once or move it to who will.
// - Destroying an awaitable that waits is how work is cancelled. It is done from the event loop,
//   never from inside the work itself; whatever wakes another coroutine posts it (net::Loop::post).
// - GCC 12 miscompiles some temporaries inside a co_await expression: name aggregates and lambdas
//   first, then await; with -fsanitize=undefined also `co_await member_`: await a local instead
//   (tests/architecture looks for the bad shapes).
#pragma once

#include "tollgate/spare_memory.hpp"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace tollgate {

template <class T>
class awaitable;

namespace detail {

// The frames of the house's coroutines: a request makes about a dozen, always of the same sizes.
struct RecycledFrame {
  static void* operator new(std::size_t size) { return SpareMemory::take(size); }
  static void operator delete(void* frame, std::size_t size) noexcept {
    SpareMemory::put(frame, size);
  }
};

struct PromiseBase : RecycledFrame {
  std::coroutine_handle<> continuation;
  std::exception_ptr error;

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) const noexcept {
      auto next = self.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  awaitable<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  awaitable<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const noexcept {}
};

struct Nothing {};

}  // namespace detail

// What has come of a step: a value that is there already, or a coroutine still to run.
// A function that need not wait returns its value directly and is not a coroutine at all.
template <class T = void>
class [[nodiscard]] awaitable {
  using Value = std::conditional_t<std::is_void_v<T>, detail::Nothing, T>;

 public:
  using promise_type = detail::Promise<T>;
  using value_type = T;

  // A result that is already known.
  template <class U = Value>
    requires std::is_constructible_v<Value, U&&> &&
             (!std::is_same_v<std::remove_cvref_t<U>, awaitable>)
  awaitable(U&& value) noexcept(std::is_nothrow_constructible_v<Value, U&&>)
      : value_(std::in_place, std::forward<U>(value)) {}

  explicit awaitable(std::coroutine_handle<promise_type> work) noexcept : work_(work) {}
  awaitable(awaitable&& other) noexcept
      : work_(std::exchange(other.work_, nullptr)), value_(std::move(other.value_)) {}
  awaitable& operator=(awaitable&& other) noexcept {
    if (this != &other) {
      destroy();
      work_ = std::exchange(other.work_, nullptr);
      value_ = std::move(other.value_);
    }
    return *this;
  }
  awaitable(const awaitable&) = delete;
  ~awaitable() { destroy(); }

  // True when awaiting will not suspend because the result is there.
  bool await_ready() const noexcept { return !work_; }
  bool is_ready() const noexcept { return !work_; }

  // Runs the work up to its first real wait. When it ends at once the caller goes straight on, so a
  // loop over steps that do not wait neither suspends nor grows the stack.
  bool await_suspend(std::coroutine_handle<> caller) {
    work_.resume();
    if (work_.done()) return false;
    work_.promise().continuation = caller;
    return true;
  }

  T await_resume() {
    if (!work_) {
      if constexpr (std::is_void_v<T>)
        return;
      else
        return std::move(*value_);
    }
    if (work_.promise().error) std::rethrow_exception(work_.promise().error);
    return work_.promise().take();
  }

 private:
  void destroy() noexcept {
    if (work_) work_.destroy();
    work_ = nullptr;
  }

  std::coroutine_handle<promise_type> work_;
  std::optional<Value> value_;
};

// The finished awaitable<void>.
inline awaitable<void> done() noexcept { return awaitable<void>(detail::Nothing{}); }

namespace detail {
template <class T>
awaitable<T> Promise<T>::get_return_object() noexcept {
  return awaitable<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline awaitable<void> Promise<void>::get_return_object() noexcept {
  return awaitable<void>(std::coroutine_handle<Promise>::from_promise(*this));
}
}  // namespace detail

}  // namespace tollgate
