// The packed tables of an encoding and of Unicode, as they lie in the program's read-only pages.
//
// They are made at build time (generate/), so that a start reads nothing and a table costs memory
// only where it is touched.
#pragma once

#include "tokens/hashing.hpp"
#include "tokens/tokens.hpp"

#include <cstddef>
#include <cstdint>

namespace tollgate::tokens {

inline constexpr std::uint32_t no_token = (1u << id_bits) - 1;

// What BPE has to know about a token, in 64 bits. A token of one byte has itself as both halves.
struct TokenFacts {
  std::uint64_t bits;

  static TokenFacts of(std::uint32_t left, std::uint32_t right, std::uint32_t shorter,
                       unsigned length) noexcept {
    return {left | std::uint64_t{right} << 18 | std::uint64_t{shorter} << 36 |
            std::uint64_t{length} << 54};
  }
  // The two tokens that BPE makes it of.
  std::uint32_t left() const noexcept { return bits & no_token; }
  std::uint32_t right() const noexcept { return bits >> 18 & no_token; }
  // The longest token that is a proper prefix of it, or no_token.
  std::uint32_t shorter() const noexcept { return bits >> 36 & no_token; }
  unsigned length() const noexcept { return static_cast<unsigned>(bits >> 54); }
};

// A node of the trie of all tokens, kept as a double array: the child by a byte is at
// `base ^ byte`, if the label there is that byte.
struct TrieNode {
  std::uint64_t bits;

  static constexpr std::uint32_t no_label = 0x1ff;
  static TrieNode of(std::uint32_t base, std::uint32_t label, std::uint32_t token) noexcept {
    return {base | std::uint64_t{label} << 24 | std::uint64_t{token} << 40};
  }
  std::uint32_t base() const noexcept { return bits & 0xffffff; }
  std::uint32_t label() const noexcept { return bits >> 24 & 0xffff; }
  // The token that ends here, or no_token.
  std::uint32_t token() const noexcept { return static_cast<std::uint32_t>(bits >> 40); }
};

// Children of the root; a node without children has the base 0, where no label is.
inline constexpr std::uint32_t root_base = 256;

// Of two tokens beside each other: key and the token they merge into.
struct PairSlot {
  std::uint64_t bits;
  static PairSlot of(std::uint64_t key, std::uint32_t merged) noexcept {
    return {key << id_bits | merged};
  }
  std::uint64_t key() const noexcept { return bits >> id_bits; }
  std::uint32_t merged() const noexcept { return bits & no_token; }
};

// The start of a table file: where its parts are, in bytes from its start.
struct TableHeader {
  std::uint32_t tokens;
  std::uint32_t facts_at;  // TokenFacts[tokens]
  std::uint32_t trie_at;   // TrieNode[]
  std::uint32_t word_slots, word_slots_at, word_bucket_bits, word_pilots_at;
  std::uint32_t pair_slots, pair_slots_at, pair_bucket_bits, pair_pilots_at;
};

class Tables {
 public:
  explicit Tables(const unsigned char* file) noexcept
      : header_(*reinterpret_cast<const TableHeader*>(file)),
        facts_(at<TokenFacts>(file, header_.facts_at)),
        trie_(at<TrieNode>(file, header_.trie_at)),
        words_(at<WordKey>(file, header_.word_slots_at)),
        word_pilots_(at<std::uint16_t>(file, header_.word_pilots_at)),
        pairs_(at<PairSlot>(file, header_.pair_slots_at)),
        pair_pilots_(at<std::uint16_t>(file, header_.pair_pilots_at)) {}

  TokenFacts facts(std::uint32_t token) const noexcept { return facts_[token]; }

  // Whether a word of at most 15 bytes is a token.
  bool has_word(WordKey key, std::uint64_t hash) const noexcept {
    const auto pilot = word_pilots_[bucket_of(hash, header_.word_bucket_bits)];
    return words_[slot_of(hash, pilot, header_.word_slots)] == key;
  }

  // The token that two tokens merge into, or no_token.
  std::uint32_t merged(std::uint32_t left, std::uint32_t right) const noexcept {
    const auto key = pair_key(left, right);
    const auto hash = hash_of_pair(key);
    const auto pilot = pair_pilots_[bucket_of(hash, header_.pair_bucket_bits)];
    const auto slot = pairs_[slot_of(hash, pilot, header_.pair_slots)];
    return slot.key() == key ? slot.merged() : no_token;
  }

  // The longest token at the start of the text. REQUIRES: at != end. Every byte is a token.
  std::uint32_t longest_token(const unsigned char* at, const unsigned char* end) const noexcept {
    std::uint32_t found = no_token;
    std::uint32_t base = root_base;
    for (; at != end; ++at) {
      const TrieNode node = trie_[base ^ *at];
      if (node.label() != *at) break;
      if (node.token() != no_token) found = node.token();
      base = node.base();
    }
    return found;
  }

 private:
  template <class T>
  static const T* at(const unsigned char* file, std::uint32_t offset) noexcept {
    return reinterpret_cast<const T*>(file + offset);
  }

  const TableHeader& header_;
  const TokenFacts* facts_;
  const TrieNode* trie_;
  const WordKey* words_;
  const std::uint16_t* word_pilots_;
  const PairSlot* pairs_;
  const std::uint16_t* pair_pilots_;
};

Tables tables_of(Encoding encoding) noexcept;

}  // namespace tollgate::tokens
