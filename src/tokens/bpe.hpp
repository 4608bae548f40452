// Byte-pair encoding of one word (a stretch that the encoding's pattern keeps whole), in linear
// time.
#pragma once

#include "tokens/pair_memo.hpp"
#include "tokens/tables.hpp"

#include <cstddef>
#include <cstdint>

namespace tollgate::tokens {

// Finds the tokens from the left: the longest token that may stand beside the one before, and where
// none may, one step back and the next shorter. BPE's result is the only row of tokens of which
// every two neighbours may stand beside each other, so what is found is that result. A place from
// which there is no way on is marked and never entered again: the steps are bounded by the number
// of places times the number of tokens that can end there.
class Bpe {
 public:
  // `found` has room for as many tokens as the word has bytes; `dead` for a bit more than that many
  // bits, all zero.
  Bpe(const Tables& tables, PairMemo& pairs, const unsigned char* word, std::size_t size,
      std::uint32_t* found, std::uint64_t* dead) noexcept
      : tables_(tables),
        pairs_(pairs),
        word_(word),
        size_(size),
        found_(found),
        dead_(dead),
        candidate_(tables.longest_token(word, word + size)) {}

  // Tries at most `tries` tokens. True: the word's tokens are in `found`.
  bool run(std::size_t tries) noexcept {
    while (at_ != size_) {
      if (tries-- == 0) return false;
      const TokenFacts facts = tables_.facts(candidate_);
      const std::size_t end = at_ + facts.length();
      if (!is_dead(end) &&
          (count_ == 0 || pairs_.may_stand_beside(tables_, found_[count_ - 1], candidate_))) {
        found_[count_++] = candidate_;
        at_ = end;
        if (at_ != size_) candidate_ = tables_.longest_token(word_ + at_, word_ + size_);
      } else if (facts.shorter() != no_token) {
        candidate_ = facts.shorter();
      } else {
        dead_[at_ / 64] |= std::uint64_t{1} << (at_ % 64);
        candidate_ = found_[--count_];
        at_ -= tables_.facts(candidate_).length();
      }
    }
    return true;
  }

  std::size_t count() const noexcept { return count_; }
  std::size_t position() const noexcept { return at_; }

 private:
  bool is_dead(std::size_t at) const noexcept { return dead_[at / 64] >> (at % 64) & 1; }

  const Tables& tables_;
  PairMemo& pairs_;
  const unsigned char* word_;
  std::size_t size_;
  std::uint32_t* found_;
  std::uint64_t* dead_;
  std::uint32_t candidate_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

}  // namespace tollgate::tokens
