// How fast a deployment answers. Pure. Thread safety: none; Backend guards it.
#pragma once

#include "tollgate/clock.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace tollgate::balancer {

// What answers take of late: an average over the last calls, so that one that gets nine tenths of them is not thought
// slower than its equal with a tenth. What is known fades while there are no answers, and says nothing after a
// minute: whoever was slow is tried again.
// An answer that took ten times as long counts at once, and is forgiven slowly (peak EWMA): one is enough to be
// careful. Answers differ by less than that anyway, and who is avoided gets no calls to show that it was chance.
class LatencyAverage {
 public:
  static constexpr std::chrono::seconds memory{60};

  void see(Duration value, TimePoint now) noexcept {
    const double seen = in_seconds(value);
    const bool is_peak = calls_left(now) >= 1 && seen > peak * seconds_;
    calls_ = std::min(calls_left(now) + 1, most_calls);
    seconds_ += (seen - seconds_) / (is_peak ? 1 : calls_);
    last_ = now;
  }

  // It had not answered after `value`, and nobody waits any longer. Where that is less than what was expected it says
  // nothing: it may raise the average, and never lowers it. True: it did.
  bool see_at_least(Duration value, double expected, TimePoint now) noexcept {
    if (expected <= 0 || in_seconds(value) <= std::max(expected, seconds_ * confidence(now))) return false;
    see(value, now);
    return true;
  }

  double seconds() const noexcept { return seconds_; }  // 0: there has been no answer

  // From 0, nothing is known (any more), to almost 1: a single answer says half of it.
  double confidence(TimePoint now) const noexcept {
    const double calls = calls_left(now);
    return calls / (calls + 1);
  }

 private:
  static constexpr double most_calls = 8;
  static constexpr double peak = 10;  // times the average
  static double in_seconds(Duration value) noexcept { return std::chrono::duration<double>(value).count(); }
  double calls_left(TimePoint now) const noexcept {
    return calls_ * std::clamp(1.0 - std::chrono::duration<double>(now - last_) / memory, 0.0, 1.0);
  }

  double seconds_ = 0;
  double calls_ = 0;  // that it is the average of, at last_
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
