// Whether a deployment may be called now: its circuit breaker, and what it said about coming back.
//
// Closed: calls go. Open: none goes until a time. Half-open: a few probes go; good answers close it,
// a failure opens it again, for twice as long. What opens it: failures in a row, a part of the calls
// of a window failing, or the deployment itself, by a 429 or 503 that says when to come back. The
// first two are failures: afterwards traffic returns slowly. The last is not: one good answer closes.
// A long answer is good when it begins, so that probes take no longer than that; if it breaks off, its call is
// counted as a failure instead, and a row of failures only ends with an answer that is complete.
//
// Pure: the time is given. Thread safety: none; Backend guards it.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace tollgate::balancer {

enum class BreakerState : unsigned char { closed, open, half_open };
const char* name_of(BreakerState state) noexcept;

// Why no call goes, for the reason that a caller is told.
enum class Closed : unsigned char { nothing, throttled, failing };

// Which opening a call is a probe of; 0: it is none.
using Probe = std::uint32_t;

class Breaker {
 public:
  explicit Breaker(const BreakerRules& rules) : rules_(rules) {}

  // From the next decision on.
  void use(const BreakerRules& rules) { rules_ = rules; }

  // Whether a call may go now.
  bool admits(TimePoint now) const noexcept;

  // Whether it should be spared this call because it has just come back and others can take it. Asked
  // once a call: the answers over many calls make up the share it is ready for.
  bool is_to_be_spared(TimePoint now) noexcept;

  // A call goes out: one of the probes, when half-open. REQUIRES: admits().
  // What it is is said again with how it came out.
  Probe enter(TimePoint now) noexcept;

  // A good answer has begun.
  void on_answer(TimePoint now, Probe probe) noexcept;
  // It is complete.
  void on_complete() noexcept;
  // It broke off; `began`: when on_answer() was told of it.
  void on_broken(TimePoint now, Probe probe, TimePoint began) noexcept;

  // There was no answer, or none of use.
  void on_failure(TimePoint now, Probe probe) noexcept;

  // The deployment refused for the time being. `advice` < 0: it did not say for how long.
  void on_throttled(TimePoint now, Probe probe, std::chrono::milliseconds advice) noexcept;

  // The call ended without a word about the deployment: the client left, or the fault was the caller's.
  void on_nothing(Probe probe) noexcept { if (probe != 0 && probe == opening_ && probing_ > 0) --probing_; }

  BreakerState state(TimePoint now) const noexcept;
  Closed why(TimePoint now) const noexcept;

  // It is not closed because the deployment said so, and nothing is known to be wrong with it.
  bool is_throttled() const noexcept { return is_open_ && !is_failing_; }

  // When a call may be tried again; `now` if it may already, Clock's end if every probe is out.
  TimePoint free_at(TimePoint now) const noexcept;

  std::uint64_t opened() const noexcept { return opened_; }  // how often

 private:
  struct Slice {
    std::int64_t index = -1;  // of the time, in slices
    int calls = 0;
    int failures = 0;
  };
  static constexpr int slices = 5;

  Slice& slice_at(TimePoint now) noexcept;
  bool is_rate_reached(TimePoint now) const noexcept;
  std::int64_t slice_index(TimePoint now) const noexcept;
  void weigh_failure(TimePoint now, Probe probe) noexcept;
  void open_for(TimePoint now, Duration time, bool is_failing) noexcept;
  void close(TimePoint now) noexcept;

  BreakerRules rules_;
  std::array<Slice, slices> recent_{};
  TimePoint open_until_{};   // the epoch: closed
  TimePoint closed_at_{};    // start of the slow start; the epoch: none
  int in_a_row_ = 0;         // failures
  int openings_ = 0;         // in a row, because of failures: no answer has been complete since
  int throttles_ = 0;        // in a row, without advice
  int begun_ = 0;            // good answers that have begun since the last failure
  int probing_ = 0;          // probes of the latest opening that are out now
  int good_probes_ = 0;
  bool is_open_ = false;     // open or half-open
  bool is_failing_ = false;  // opened by failures, not by advice
  std::uint32_t turn_ = 0;   // spreads the calls of a slow start
  Probe opening_ = 0;        // the latest; whose probes went out before it have no say about it
  std::uint64_t opened_ = 0;
};

}  // namespace tollgate::balancer
