// How lanes wake the writer: one system call when it sleeps, none when it does not.
//
// The writer says that it goes to sleep and only then looks into the lanes; a lane appends and only
// then looks whether the writer sleeps. Both go through the lane's lock in between, so one of them
// sees the other.
// Thread safety: wait functions for the writer, the rest for any thread.
#pragma once

#include "tollgate/clock.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace tollgate::ledger {

class Wakeup {
 public:
  // A lane has something.
  void on_append() {
    if (is_asleep_.load(std::memory_order_relaxed)) wake();
  }

  void wake() {
    {
      std::lock_guard lock(mutex_);
      is_woken_ = true;
    }
    condition_.notify_one();
  }

  // For good: wait functions return at once from now on.
  void stop() {
    {
      std::lock_guard lock(mutex_);
      is_stopped_ = true;
    }
    condition_.notify_one();
  }
  bool is_stopped() {
    std::lock_guard lock(mutex_);
    return is_stopped_;
  }

  // Announces sleep; look into the lanes after it.
  void lie_down() {
    {
      std::lock_guard lock(mutex_);
      is_woken_ = false;
    }
    is_asleep_.store(true, std::memory_order_relaxed);
  }
  void get_up() { is_asleep_.store(false, std::memory_order_relaxed); }

  // Until an append, stop() or the moment.
  void sleep_until(TimePoint until) {
    std::unique_lock lock(mutex_);
    condition_.wait_until(lock, until, [this] { return is_woken_ || is_stopped_; });
  }

  // Until the moment or stop(), whatever is appended.
  void pause_until(TimePoint until) {
    std::unique_lock lock(mutex_);
    condition_.wait_until(lock, until, [this] { return is_stopped_; });
  }

 private:
  std::atomic<bool> is_asleep_{false};
  std::mutex mutex_;
  std::condition_variable condition_;
  bool is_woken_ = false;
  bool is_stopped_ = false;
};

}  // namespace tollgate::ledger
