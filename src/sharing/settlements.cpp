#include "sharing/settlements.hpp"

#include <array>

namespace tollgate::sharing {

std::string redis_key(std::string_view prefix, std::string_view key, PotKind kind,
                      std::int64_t period_start_ms) {
  std::string out;
  out.reserve(prefix.size() + key.size() + 16);
  out.append(prefix).append(":").append(key);
  if (kind == PotKind::fixed && period_start_ms != 0) {
    out.append(":").append(std::to_string(period_start_ms));
  }
  return out;
}

void Settlements::queue(Settlement settlement) {
  std::string id = settlement.redis_key + (settlement.is_whole ? " whole " : " ") +
                   std::to_string(settlement.slot_ms);
  const auto known = queue_.find(id);
  if (known == queue_.end()) {
    if (queue_.size() >= capacity_) {
      ++dropped_;
    } else {
      queue_.emplace(std::move(id), std::move(settlement));
    }
    return;
  }
  known->second.delta += settlement.delta;
  if (known->second.delta == 0) queue_.erase(known);
}

void Settlements::tell(std::string_view key, PotKind kind, std::int64_t window_ms,
                       std::int64_t slot_ms, std::int64_t delta, TimePoint now) {
  if (delta == 0) return;
  if (kind == PotKind::held) note_held(key, delta, now);
  queue({redis_key(prefix_, key, kind, slot_ms), kind, false, window_ms, slot_ms, delta});
}

void Settlements::undo(std::string_view key, PotKind kind, std::int64_t window_ms,
                       std::int64_t slot_ms, std::int64_t given) {
  if (given == 0) return;
  queue({redis_key(prefix_, key, kind, slot_ms), kind, false, window_ms, slot_ms, -given});
}

void Settlements::note_held(std::string_view key, std::int64_t given, TimePoint now) {
  auto& held = held_[redis_key(prefix_, key, PotKind::held, 0)];
  held.amount += given;
  held.touched = now;
}

std::vector<Settlement> Settlements::take(std::size_t max) {
  std::vector<Settlement> out;
  const auto order = [](const Settlement& s) { return s.is_whole ? 0 : s.delta > 0 ? 1 : 2; };
  for (const int turn : std::array{0, 1, 2}) {
    for (auto at = queue_.begin(); at != queue_.end() && out.size() < max;) {
      if (order(at->second) != turn) {
        ++at;
        continue;
      }
      out.push_back(std::move(at->second));
      at = queue_.erase(at);
    }
  }
  return out;
}

void Settlements::forget_expired(std::int64_t now_ms) {
  std::erase_if(queue_, [now_ms](const auto& entry) {
    const Settlement& s = entry.second;
    return s.kind == PotKind::sliding &&
           s.slot_ms + slot_length(s.window_ms) + s.window_ms <= now_ms;
  });
}

void Settlements::restore_held() {
  std::erase_if(queue_, [](const auto& entry) { return entry.second.kind == PotKind::held; });
  for (const auto& [key, held] : held_) {
    Settlement whole{key, PotKind::held, true, 0, 0, held.amount};
    queue_.emplace(key + " whole 0", std::move(whole));  // beyond the capacity: it is bounded by use
  }
}

void Settlements::release_held() {
  for (auto& [key, held] : held_) held.amount = 0;
  restore_held();
}

std::vector<std::pair<std::string, std::int64_t>> Settlements::held(TimePoint before) {
  std::erase_if(held_, [before](const auto& entry) {
    return entry.second.amount == 0 && entry.second.touched < before;
  });
  std::vector<std::pair<std::string, std::int64_t>> out;
  for (const auto& [key, held] : held_) {
    if (held.amount > 0) out.emplace_back(key, held.amount);
  }
  return out;
}

}  // namespace tollgate::sharing
