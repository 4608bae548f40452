// What a model may spend on second calls: the share that its calls have earned, and not yet spent.
//
// No more is put by than a hundred average calls earn, so a long quiet time does not pay for a burst of second
// calls when everything is slow.
// Pure. Thread safety: any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace tollgate::balancer {

class HedgeMoney {
 public:
  // A call at that price, of which `percent` may be spent on second ones.
  void on_first(std::int64_t price, int percent) noexcept {
    const std::int64_t average = note_price(price);
    const std::int64_t most = average * percent * 100;
    std::int64_t now = left_.load(std::memory_order_relaxed);
    while (now < most && !left_.compare_exchange_weak(now, std::min(most, now + price * percent), std::memory_order_relaxed)) {}
    if (most_.load(std::memory_order_relaxed) != most) most_.store(most, std::memory_order_relaxed);
  }

  // Takes the price of a second call, if it is there. One that is dearer than all that is ever put by goes when that
  // is full, and is earned afterwards.
  bool take(std::int64_t price) noexcept {
    const std::int64_t needed = std::min(price * 100, most_.load(std::memory_order_relaxed));
    std::int64_t now = left_.load(std::memory_order_relaxed);
    while (now >= needed && now > 0) {
      if (left_.compare_exchange_weak(now, now - price * 100, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  // It was less, or there was no second call.
  void give_back(std::int64_t price) noexcept { left_.fetch_add(price * 100, std::memory_order_relaxed); }

  void on_second() noexcept { calls_.fetch_add(1, std::memory_order_relaxed); }
  void on_won() noexcept { won_.fetch_add(1, std::memory_order_relaxed); }

  std::uint64_t calls() const noexcept { return calls_.load(std::memory_order_relaxed); }  // second ones
  std::uint64_t won() const noexcept { return won_.load(std::memory_order_relaxed); }

 private:
  // Of the last sixty-four, more or less: two at once may lose one.
  std::int64_t note_price(std::int64_t price) noexcept {
    const std::int64_t before = average_.load(std::memory_order_relaxed);
    const std::int64_t now = before == 0 ? price : before + (price - before) / 64;
    if (now != before) average_.store(now, std::memory_order_relaxed);
    return now;
  }

  std::atomic<std::int64_t> left_{0}, most_{0};  // hundredths of a coin
  std::atomic<std::int64_t> average_{0};
  std::atomic<std::uint64_t> calls_{0}, won_{0};
};

}  // namespace tollgate::balancer
