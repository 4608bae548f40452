// Remembers how many tokens the words have that are not one token themselves.
//
// A thread has one for each encoding. It is exact: a hit compares the whole word. A word pushes out
// the one that was in its place before.
#pragma once

#include "tokens/hashing.hpp"
#include "tokens/pair_memo.hpp"
#include "tokens/tokens.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tollgate::tokens {

// Words of 16 to 30 bytes: the bytes, then zeros, in the last byte the length.
struct LongKey {
  std::array<std::uint64_t, 4> parts;
  bool operator==(const LongKey&) const = default;
};

inline constexpr std::size_t long_word_limit = 30;

class WordCache {
 public:
  // 0: not known.
  std::size_t find(WordKey key, std::uint64_t hash) const noexcept {
    const WordKey& entry = short_[hash % short_.size()];
    const bool is_same = entry.low == key.low && (entry.high & ~count_mask) == key.high;
    return is_same ? entry.high >> 60 : 0;
  }
  // A word of 15 bytes has at most 15 tokens, which fit beside its length.
  void put(WordKey key, std::uint64_t hash, std::size_t count) noexcept {
    short_[hash % short_.size()] = {key.low, key.high | std::uint64_t{count} << 60};
  }

  std::size_t find(const LongKey& key, std::uint64_t hash) const noexcept {
    const LongEntry& entry = long_[hash % long_.size()];
    return entry.key == key ? entry.count : 0;
  }
  void put(const LongKey& key, std::uint64_t hash, std::size_t count) noexcept {
    long_[hash % long_.size()] = {key, static_cast<std::uint32_t>(count)};
  }

 private:
  static constexpr std::uint64_t count_mask = std::uint64_t{0xf} << 60;
  struct LongEntry {
    LongKey key;
    std::uint32_t count;
  };

  std::array<WordKey, 16384> short_;
  std::array<LongEntry, 8192> long_;
};

// What a thread remembers of an encoding.
struct Memory {
  WordCache words;
  PairMemo pairs;
};

inline std::uint64_t hash_of(const LongKey& key) noexcept {
  return folded_product(key.parts[0] ^ 0x9e3779b97f4a7c15, key.parts[1] ^ 0xd6e8feb86659fd93) ^
         folded_product(key.parts[2] ^ 0xc2b2ae3d27d4eb4f, key.parts[3] ^ 0x165667b19e3779f9);
}

// The bytes of a word, then zeros. `end` is the end of the readable bytes.
template <std::size_t size>
std::array<std::uint64_t, size / 8> padded(const unsigned char* at, std::size_t length,
                                           const unsigned char* end) noexcept {
  static constexpr auto mask = [] {
    std::array<unsigned char, 2 * size> bytes{};
    for (std::size_t i = 0; i < size; ++i) bytes[i] = 0xff;
    return bytes;
  }();
  std::array<std::uint64_t, size / 8> text{}, kept;
  if (end - at < static_cast<std::ptrdiff_t>(size)) {
    std::memcpy(text.data(), at, length);
    return text;
  }
  std::memcpy(text.data(), at, size);
  std::memcpy(kept.data(), mask.data() + size - length, size);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] &= kept[i];
  return text;
}

inline WordKey word_key(const unsigned char* at, std::size_t length,
                        const unsigned char* end) noexcept {
  const auto text = padded<16>(at, length, end);
  return {text[0], text[1] | std::uint64_t{length} << 56};
}

inline LongKey long_key(const unsigned char* at, std::size_t length,
                        const unsigned char* end) noexcept {
  auto text = padded<32>(at, length, end);
  text[3] |= std::uint64_t{length} << 56;
  return {text};
}

// The calling thread's, made at its first use.
Memory& memory_of(Encoding encoding);

}  // namespace tollgate::tokens
