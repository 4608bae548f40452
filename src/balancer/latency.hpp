// How fast a deployment answers. Pure. Thread safety: none; Backend guards it.
#pragma once

#include "tollgate/clock.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace tollgate::balancer {

// A moving average that jumps up at once and comes down slowly (peak EWMA): one slow answer is enough
// to be careful, and whoever gets no calls is slowly forgiven.
class PeakAverage {
 public:
  static constexpr std::chrono::seconds memory{10};

  void see(Duration value, TimePoint now) noexcept {
    const double faded = at(now);
    const double seen = std::chrono::duration<double>(value).count();
    seconds_ = seen > faded ? seen : seen + (faded - seen) * left_after(now);
    last_ = now;
  }

  // In seconds; 0: nothing is known.
  double at(TimePoint now) const noexcept { return seconds_ * left_after(now); }

 private:
  double left_after(TimePoint now) const noexcept {
    const double passed = std::chrono::duration<double>(now - last_).count();
    return passed <= 0 ? 1.0 : std::exp(-passed / std::chrono::duration<double>(memory).count());
  }

  double seconds_ = 0;
  TimePoint last_{};
};

// How long first tokens take, as counts in buckets a fifth apart; old ones fade.
class FirstTokens {
 public:
  static constexpr int least_seen = 20;  // below, nothing is said

  void see(Duration value) noexcept {
    ++counts_[bucket_of(value)];
    if (++seen_ < fade_at) return;
    seen_ = 0;
    for (auto& count : counts_) seen_ += count /= 2;
  }

  // What `percent` of the first tokens were not later than, rounded up to a bucket; 0: not known.
  Duration percentile(int percent) const noexcept {
    if (seen_ < least_seen) return Duration::zero();
    const int wanted = (seen_ * percent + 99) / 100;
    int passed = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      passed += counts_[i];
      if (passed >= wanted) return upper_bound(i);
    }
    return upper_bound(counts_.size() - 1);
  }

 private:
  static constexpr int fade_at = 512;
  static constexpr double first = 0.001, ratio = 1.2;  // seconds; 64 buckets reach 100 s

  static std::size_t bucket_of(Duration value) noexcept {
    const double seconds = std::chrono::duration<double>(value).count();
    if (seconds <= first) return 0;
    return std::min<std::size_t>(63, static_cast<std::size_t>(std::ceil(std::log(seconds / first) / std::log(ratio))));
  }
  static Duration upper_bound(std::size_t bucket) noexcept {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(first * std::pow(ratio, static_cast<double>(bucket))));
  }

  std::array<int, 64> counts_{};
  int seen_ = 0;
};

}  // namespace tollgate::balancer
