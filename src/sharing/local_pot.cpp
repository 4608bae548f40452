#include "sharing/local_pot.hpp"

#include <algorithm>

namespace tollgate::sharing {

std::int64_t LocalPot::use(std::int64_t now_ms, std::int64_t period_start_ms) {
  if (kind_ != PotKind::sliding) {
    const auto slot = slots_.find(period_start_ms);
    return slot == slots_.end() ? 0 : slot->second;
  }
  while (!slots_.empty() && end_of(slots_.begin()->first) <= now_ms) slots_.erase(slots_.begin());
  std::int64_t sum = 0;
  for (const auto& [start, amount] : slots_) sum += amount;
  return sum;
}

void LocalPot::add(std::int64_t slot_ms, std::int64_t delta) {
  auto& amount = slots_[slot_ms];
  amount = std::max<std::int64_t>(0, amount + delta);
}

std::int64_t LocalPot::wait(const Ask& ask, std::int64_t now_ms) {
  if (ask.amount > ask.limit) return -1;
  if (kind_ == PotKind::held) return 0;
  if (kind_ == PotKind::fixed) {
    if (ask.period_start_ms == 0) return -1;
    return std::max<std::int64_t>(1, ask.period_start_ms + window_ms_ - now_ms);
  }
  auto need = use(now_ms, 0) + ask.amount - ask.limit;
  for (const auto& [start, amount] : slots_) {
    need -= amount;
    if (need <= 0) return end_of(start) - now_ms;
  }
  return -1;
}

}  // namespace tollgate::sharing
