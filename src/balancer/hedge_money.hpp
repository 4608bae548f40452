// What a model spends on second calls, against what it spends in all.
// Pure. Thread safety: any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace tollgate::balancer {

class HedgeMoney {
 public:
  void on_first(std::int64_t price) noexcept { all_.fetch_add(price, std::memory_order_relaxed); }
  void on_second(std::int64_t price) noexcept {
    all_.fetch_add(price, std::memory_order_relaxed);
    second_.fetch_add(price, std::memory_order_relaxed);
    calls_.fetch_add(1, std::memory_order_relaxed);
  }
  void on_won() noexcept { won_.fetch_add(1, std::memory_order_relaxed); }

  // Whether a second call at that price stays within the share.
  bool may_spend(std::int64_t price, int percent) const noexcept {
    const auto all = all_.load(std::memory_order_relaxed), second = second_.load(std::memory_order_relaxed);
    return (second + price) * 100 <= (all + price) * percent;
  }

  std::uint64_t calls() const noexcept { return calls_.load(std::memory_order_relaxed); }  // second ones
  std::uint64_t won() const noexcept { return won_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> all_{0}, second_{0};
  std::atomic<std::uint64_t> calls_{0}, won_{0};
};

}  // namespace tollgate::balancer
