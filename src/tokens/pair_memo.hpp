// Remembers which tokens may stand beside each other. A thread has one for each encoding.
#pragma once

#include "tokens/bpe_rules.hpp"
#include "tokens/tables.hpp"

#include <array>
#include <cstdint>

namespace tollgate::tokens {

class PairMemo {
 public:
  bool may_stand_beside(const Tables& tables, std::uint32_t left, std::uint32_t right) noexcept {
    // Both ids, the answer, and a bit that an empty entry does not have.
    const auto key = pair_key(left, right) << 2 | 1;
    auto& entry = entries_[key * 0x9e3779b97f4a7c15 >> (64 - entry_bits)];
    if ((entry & ~std::uint64_t{2}) != key)
      entry = key | (tokens::may_stand_beside(tables, left, right) ? 2 : 0);
    return entry & 2;
  }

 private:
  static constexpr unsigned entry_bits = 15;
  std::array<std::uint64_t, 1u << entry_bits> entries_;
};

}  // namespace tollgate::tokens
