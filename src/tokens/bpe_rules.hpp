// When BPE leaves two tokens standing beside each other.
#pragma once

#include "tokens/tables.hpp"

#include <cstdint>

namespace tollgate::tokens {

// Whether BPE, given the bytes of two tokens one after the other, ends with exactly these two.
//
// The merges that made them are undone from the latest back. At each stage two tokens touch at the
// border; had BPE merged those two before the stage's own merge, it would have crossed the border.
// The merge of a lower rank comes first, among equal ranks the one further left.
template <class Rules>
bool may_stand_beside(const Rules& rules, std::uint32_t left, std::uint32_t right) noexcept {
  std::uint32_t limit = ~0u;
  for (;;) {
    if (const auto merged = rules.merged(left, right); merged != no_token && merged < limit)
      return false;
    const auto undo_left = [&] {
      limit = left;
      left = rules.facts(left).right();
      return left != limit;
    };
    const auto undo_right = [&] {
      limit = right + 1;
      right = rules.facts(right).left();
      return right + 1 != limit;
    };
    const bool is_undone = left > right ? undo_left() || undo_right() : undo_right() || undo_left();
    if (!is_undone) return true;
  }
}

}  // namespace tollgate::tokens
