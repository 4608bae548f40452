// Deltas added up by meter and slot.
#pragma once

#include "ledger/charge.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace tollgate::ledger {

struct SlotKey {
  MeterId meter = 0;
  std::int64_t slot_ms = 0;
  bool operator==(const SlotKey&) const = default;
};

struct SlotHash {
  std::size_t operator()(const SlotKey& key) const noexcept {
    std::uint64_t mixed = (static_cast<std::uint64_t>(key.slot_ms) + key.meter * 0xC2B2AE3D27D4EB4Full) *
                          0x9E3779B97F4A7C15ull;
    return mixed ^ (mixed >> 32);
  }
};

using Slots = std::unordered_map<SlotKey, std::int64_t, SlotHash>;

}  // namespace tollgate::ledger
