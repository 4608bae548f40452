// How many more calls may be made again after a failure. Good answers earn, failures spend: while most
// calls succeed everything that failed is tried elsewhere; when most fail, trying again would only
// add load, and stops.
// Pure. Thread safety: any thread.
#pragma once

#include <atomic>

namespace tollgate::balancer {

class RetryBudget {
 public:
  static constexpr int most = 1000;       // hundredths: ten calls
  static constexpr int earned = 50;       // by a good answer
  static constexpr int spent = 100;       // by a failed call

  void on_success() noexcept {
    int now = left_.load(std::memory_order_relaxed);
    if (now >= most) return;  // the usual case writes nothing that other workers read
    while (now < most && !left_.compare_exchange_weak(now, now + earned, std::memory_order_relaxed)) {}
  }

  // A call failed. True: it may be tried again.
  bool spend() noexcept {
    int now = left_.load(std::memory_order_relaxed);
    while (now > 0) {
      if (left_.compare_exchange_weak(now, now - spent, std::memory_order_relaxed)) return now >= spent;
    }
    return false;
  }

  bool is_spent() const noexcept { return left_.load(std::memory_order_relaxed) < spent; }

 private:
  std::atomic<int> left_{most};
};

}  // namespace tollgate::balancer
