// The hash functions of the packed tables: the generator places entries by them, the counter finds
// them again.
#pragma once

#include <cstdint>

namespace tollgate::tokens {

__extension__ using Wide = unsigned __int128;

// Both halves of a product, folded: each bit of the result depends on all bits of a and b.
inline std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// A word of 1 to 15 bytes: the bytes as they lie in memory, then zeros, and the length in the last
// byte. Equal keys are equal words.
struct WordKey {
  std::uint64_t low;
  std::uint64_t high;
  bool operator==(const WordKey&) const = default;
};

inline constexpr unsigned short_word_limit = 15;

inline std::uint64_t hash_of(WordKey key) noexcept {
  return folded_product(key.low ^ 0x9e3779b97f4a7c15, key.high ^ 0xd6e8feb86659fd93);
}

// Two tokens beside each other. An id takes 18 bits.
inline constexpr unsigned id_bits = 18;

inline std::uint64_t pair_key(std::uint32_t left, std::uint32_t right) noexcept {
  return std::uint64_t{left} << id_bits | right;
}
inline std::uint64_t hash_of_pair(std::uint64_t key) noexcept {
  return folded_product(key ^ 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93);
}

// A perfect hash: the upper bits of the hash choose a bucket, and the bucket's pilot moves its few
// keys to slots that no other key has. A look-up reads one pilot and one slot.
inline std::uint32_t bucket_of(std::uint64_t hash, unsigned bucket_bits) noexcept {
  return static_cast<std::uint32_t>(hash >> (64 - bucket_bits));
}
inline std::uint32_t slot_of(std::uint64_t hash, std::uint16_t pilot,
                             std::uint32_t slots) noexcept {
  const std::uint64_t moved =
      (hash ^ pilot * std::uint64_t{0xc2b2ae3d27d4eb4f}) * 0x165667b19e3779f9;
  return static_cast<std::uint32_t>((moved >> 32) * slots >> 32);
}

}  // namespace tollgate::tokens
