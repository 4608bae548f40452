#include "ledger/meters.hpp"

#include <algorithm>

namespace tollgate::ledger {

MeterId Meters::add(std::string_view key, std::chrono::milliseconds keep) {
  std::lock_guard lock(mutex_);
  if (auto found = numbers_.find(key); found != numbers_.end()) {
    Slot& slot = slots_[found->second];
    slot.is_forgotten = false;
    slot.keep = std::max(slot.keep, keep);
    return found->second;
  }
  MeterId meter;
  if (free_.empty()) {
    meter = static_cast<MeterId>(slots_.size());
    slots_.emplace_back();
  } else {
    meter = free_.back();
    free_.pop_back();
  }
  slots_[meter] = {std::string(key), keep};
  numbers_.emplace(slots_[meter].key, meter);
  return meter;
}

void Meters::forget(MeterId meter, std::uint64_t after) {
  std::lock_guard lock(mutex_);
  if (meter >= slots_.size() || slots_[meter].is_forgotten) return;
  slots_[meter].is_forgotten = true;
  slots_[meter].after = after;
  forgotten_.push_back({meter, after});
}

std::vector<MeterId> Meters::release(std::uint64_t durable) {
  std::vector<MeterId> released;
  std::lock_guard lock(mutex_);
  while (!forgotten_.empty() && forgotten_.front().after <= durable) {
    auto [meter, after] = forgotten_.front();
    forgotten_.pop_front();
    Slot& slot = slots_[meter];
    // Added again since then, perhaps forgotten anew, or free already.
    if (!slot.is_forgotten || slot.after != after || slot.key.empty()) continue;
    numbers_.erase(slot.key);
    slot.key = {};
    free_.push_back(meter);
    released.push_back(meter);
  }
  return released;
}

Meters::Meter Meters::get(MeterId meter) const {
  std::lock_guard lock(mutex_);
  const Slot& slot = slots_.at(meter);
  return {slot.key, slot.keep};
}

std::size_t Meters::size() const {
  std::lock_guard lock(mutex_);
  return numbers_.size();
}

}  // namespace tollgate::ledger
