#include "sharing/unshared.hpp"

#include <string>

namespace tollgate::sharing {

namespace {

// More than these at once, and counting starts anew: an outage must not fill the memory.
constexpr std::size_t max_pots = 10'000;

}  // namespace

LocalPot& Unshared::pot(const Ask& ask) {
  if (const auto known = pots_.find(ask.key); known != pots_.end()) return known->second;
  if (pots_.size() >= max_pots) pots_.clear();
  return pots_.try_emplace(std::string(ask.key), ask.kind, ask.window_ms).first->second;
}

Verdict Unshared::decide(std::span<Ask> asks, Covered covered, std::int64_t now_ms, TimePoint now) {
  Verdict verdict{true, -1, now_ms, true};
  const auto refuse = [&](std::size_t i, std::int64_t wait_ms, Number& count) {
    asks[i].wait_ms = wait_ms;
    if (!verdict.is_granted) return;
    verdict.is_granted = false;
    verdict.refused_by = static_cast<int>(i);
    count.add();
  };
  bool has_lease = false;
  bool is_open = false;
  for (std::size_t i = 0; i < asks.size(); ++i) {
    Ask& ask = asks[i];
    if (ask.when_unshared == WhenUnshared::closed) {
      refuse(i, 0, numbers_.closed_refused);
    } else if (is_covered(covered, i)) {
      has_lease = true;
    } else if (ask.when_unshared == WhenUnshared::last_lease) {
      refuse(i, 0, numbers_.last_lease_refused);
    } else {
      is_open = true;
      LocalPot& books = pot(ask);
      ask.used_after = books.use(now_ms, ask.period_start_ms) + ask.amount;
      ask.wait_ms = 0;
      if (ask.used_after > ask.limit) refuse(i, books.wait(ask, now_ms), numbers_.open_refused);
    }
  }
  if (!verdict.is_granted) return verdict;
  if (has_lease) numbers_.last_lease_granted.add();
  if (is_open) numbers_.open_granted.add();
  for (std::size_t i = 0; i < asks.size(); ++i) {
    const Ask& ask = asks[i];
    if (is_covered(covered, i)) continue;
    const auto slot = slot_of(ask, verdict);
    pot(ask).add(slot, ask.amount);
    settlements_.tell(ask.key, ask.kind, ask.window_ms, slot, ask.amount, now);
  }
  return verdict;
}

void Unshared::adjust(std::string_view key, std::int64_t slot_ms, std::int64_t delta) {
  if (pots_.empty()) return;
  if (const auto known = pots_.find(key); known != pots_.end()) known->second.add(slot_ms, delta);
}

}  // namespace tollgate::sharing
