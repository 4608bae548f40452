// A pot kept here alone, by the same rules as in Redis: what `open` limits this gateway by while Redis
// is away. Pure data: time is an argument.
#pragma once

#include "sharing/ask.hpp"

#include <cstdint>
#include <map>

namespace tollgate::sharing {

class LocalPot {
 public:
  LocalPot(PotKind kind, std::int64_t window_ms) : kind_(kind), window_ms_(window_ms) {}

  // What counts at `now_ms` against an ask of this period.
  std::int64_t use(std::int64_t now_ms, std::int64_t period_start_ms);
  // Below zero a slot never goes.
  void add(std::int64_t slot_ms, std::int64_t delta);
  // As Ask::wait_ms; REQUIRES: `ask.amount` does not fit.
  std::int64_t wait(const Ask& ask, std::int64_t now_ms);

 private:
  std::int64_t end_of(std::int64_t slot_ms) const noexcept {
    return slot_ms + slot_length(window_ms_) + window_ms_;
  }

  PotKind kind_;
  std::int64_t window_ms_;
  std::map<std::int64_t, std::int64_t> slots_;  // slot's start -> amount
};

}  // namespace tollgate::sharing
