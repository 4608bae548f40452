// A sliding pot as one would explain it, with no cleverness at all.
#pragma once

#include "sharing/ask.hpp"

#include <cstdint>
#include <map>

namespace tollgate::sharing {

struct PotModel {
  std::int64_t window_ms;
  std::int64_t limit;
  std::map<std::int64_t, std::int64_t> slots;

  std::int64_t use(std::int64_t now) const {
    std::int64_t sum = 0;
    for (const auto& [start, amount] : slots) {
      if (start + slot_length(window_ms) > now - window_ms) sum += amount;
    }
    return sum;
  }
  // Millisecond by millisecond would take too long: use falls only when a slot's end is old enough.
  std::int64_t wait(std::int64_t now, std::int64_t amount) const {
    if (amount > limit) return -1;
    for (const auto& [start, booked] : slots) {
      const auto then = start + slot_length(window_ms) + window_ms;
      if (then > now && use(then) + amount <= limit) return then - now;
    }
    return -2;
  }
};

}  // namespace tollgate::sharing
