// Numbers that one thread counts and any thread may read: the atoms of the metrics.
//
// Thread safety: one writer each (the owning worker); readers on any thread see every value whole.
// A single writer needs no read-modify-write instruction, so counting is a plain load and store.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tollgate::telemetry {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void add(std::int64_t n = 1) noexcept { set(value() + n); }
  void subtract(std::int64_t n = 1) noexcept { set(value() - n); }
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// One counter for every value of an enum whose last value is `Last`.
template <class Enum, Enum Last>
class CounterOf {
 public:
  static constexpr std::size_t size = static_cast<std::size_t>(Last) + 1;
  Counter& operator[](Enum which) noexcept { return counters_[static_cast<std::size_t>(which)]; }
  const Counter& operator[](Enum which) const noexcept {
    return counters_[static_cast<std::size_t>(which)];
  }

 private:
  std::array<Counter, size> counters_;
};

// Upper bounds (inclusive) of a histogram's buckets, ascending.
template <std::size_t N>
using Bounds = std::array<std::chrono::nanoseconds, N>;

// How often a duration fell into each bucket. A bucket's count is its own, not cumulative: that is
// the scraper's work.
template <const auto& bounds>
class Histogram {
 public:
  static constexpr std::size_t size = std::size(bounds) + 1;  // the last one has no upper bound

  void observe(std::chrono::nanoseconds value) noexcept {
    if (value < value.zero()) value = value.zero();
    std::size_t bucket = 0;
    for (auto bound : bounds) bucket += value > bound;  // without branches: no misprediction
    buckets_[bucket].add();
    sum_ns_.add(static_cast<std::uint64_t>(value.count()));
  }
  std::uint64_t in_bucket(std::size_t bucket) const noexcept { return buckets_[bucket].value(); }
  std::uint64_t sum_ns() const noexcept { return sum_ns_.value(); }

 private:
  std::array<Counter, size> buckets_;
  Counter sum_ns_;
};

}  // namespace tollgate::telemetry
