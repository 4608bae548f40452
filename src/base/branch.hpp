// A piece of work run beside its starter: the building block of race, Cancellable and connections.
#pragma once

#include "tollgate/awaitable.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace tollgate::base {

// Runs when told to; at its end resumes `*on_end` if somebody has put himself there by then.
// Destroying it cancels the work.
class Branch {
 public:
  struct promise_type : tollgate::detail::RecycledFrame {
    std::coroutine_handle<>* on_end = nullptr;

    struct Final {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        auto* waiting = self.promise().on_end;
        if (!waiting || !*waiting) return std::noop_coroutine();
        return std::exchange(*waiting, nullptr);
      }
      void await_resume() const noexcept {}
    };
    Branch get_return_object() noexcept {
      return Branch(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    Final final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }  // run() catches all
  };

  Branch() = default;
  Branch(Branch&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Branch& operator=(Branch&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Branch() { cancel(); }

  void start(std::coroutine_handle<>* on_end) {
    handle_.promise().on_end = on_end;
    handle_.resume();
  }
  bool is_done() const noexcept { return handle_ && handle_.done(); }
  void cancel() noexcept {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }

 private:
  explicit Branch(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// What a branch came to.
template <class T>
struct Result {
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
  std::exception_ptr error;

  auto take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};

// The branch owns the work; `result` outlives the branch.
template <class T>
Branch run(awaitable<T> work, Result<T>& result) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await work;
      result.value.emplace();
    } else {
      result.value.emplace(co_await work);
    }
  } catch (...) {
    result.error = std::current_exception();
  }
}

}  // namespace tollgate::base
