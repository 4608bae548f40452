#include "sharing/leases.hpp"

#include <algorithm>

namespace tollgate::sharing {

std::int64_t Leases::size_for(std::int64_t limit) const noexcept {
  // Divided first where the product would overflow.
  const auto part = limit > 1'000'000'000'000 ? limit / 100 * percent_ : limit * percent_ / 100;
  return std::max<std::int64_t>(1, part);
}

Lease* Leases::find(std::string_view key) noexcept {
  const auto known = leases_.find(key);
  return known == leases_.end() ? nullptr : &known->second;
}

void Leases::give_back(std::string_view key, Lease& lease, TimePoint now) {
  settlements_.tell(key, lease.kind, lease.window_ms, lease.slot_ms, -lease.left, now);
  lease.left = 0;
}

Lease& Leases::at(const Ask& ask, std::int64_t now_ms, TimePoint now) {
  const auto slot = slot_of(ask.kind, ask.window_ms, ask.period_start_ms, now_ms);
  auto* lease = find(ask.key);
  if (!lease) {
    lease = &leases_[std::string(ask.key)];
    lease->kind = ask.kind;
    lease->window_ms = ask.window_ms;
    lease->slot_ms = slot;
  }
  if (lease->limit != ask.limit) {
    lease->limit = ask.limit;
    lease->size = size_for(ask.limit);
  }
  if (lease->slot_ms == slot && lease->window_ms == ask.window_ms) return *lease;
  const auto length = slot_length(lease->window_ms);
  if (lease->kind != PotKind::sliding || lease->window_ms != ask.window_ms) {
    give_back(ask.key, *lease, now);  // another period, or another rule
  } else if (lease->slot_ms + length + lease->window_ms <= now_ms) {
    lease->left = 0;  // no longer booked
  } else if (lease->left > 0 && slot > lease->slot_ms) {
    settlements_.tell(ask.key, lease->kind, lease->window_ms, slot, lease->left, now);
    settlements_.tell(ask.key, lease->kind, lease->window_ms, lease->slot_ms, -lease->left, now);
  } else if (slot < lease->slot_ms) {
    return *lease;  // the clock was set back a little: what is booked later counts longer
  }
  lease->window_ms = ask.window_ms;
  lease->slot_ms = slot;
  return *lease;
}

Lease* Leases::take(const Ask& ask, std::int64_t now_ms, TimePoint now) {
  if (!find(ask.key)) return nullptr;
  Lease& lease = at(ask, now_ms, now);
  if (lease.left < ask.amount) return nullptr;
  lease.left -= ask.amount;
  lease.used = now;
  return &lease;
}

void Leases::put(std::string_view key, PotKind kind, std::int64_t window_ms, std::int64_t slot_ms,
                 std::int64_t amount, TimePoint now) {
  if (amount == 0) return;
  auto* lease = find(key);
  if (lease && lease->left == 0 && lease->window_ms == window_ms && kind == PotKind::sliding) {
    lease->slot_ms = slot_ms;
  }
  if (lease && lease->slot_ms == slot_ms && lease->window_ms == window_ms) {
    lease->left += amount;
    lease->used = now;
  } else if (lease && kind == PotKind::sliding && lease->window_ms == window_ms) {
    settlements_.tell(key, kind, window_ms, lease->slot_ms, amount, now);
    settlements_.tell(key, kind, window_ms, slot_ms, -amount, now);
    lease->left += amount;
    lease->used = now;
  } else {
    settlements_.tell(key, kind, window_ms, slot_ms, -amount, now);
  }
}

std::int64_t Leases::settle(std::string_view key, PotKind kind, std::int64_t slot_ms,
                            std::int64_t delta) {
  auto* lease = find(key);
  if (!lease || lease->kind != kind || lease->slot_ms != slot_ms) return delta;
  // More than its size a lease never holds: the rest is for the others.
  const auto taken = delta > 0 ? std::min(delta, lease->left)
                               : std::max(delta, std::min<std::int64_t>(0, lease->left - lease->size));
  lease->left -= taken;
  return delta - taken;
}

void Leases::give_back_idle(TimePoint unused_since, TimePoint now) {
  for (auto at = leases_.begin(); at != leases_.end();) {
    if (at->second.used > unused_since) {
      ++at;
      continue;
    }
    give_back(at->first, at->second, now);
    at = leases_.erase(at);
  }
}

}  // namespace tollgate::sharing
