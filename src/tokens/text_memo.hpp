// Remembers how many tokens whole texts have: system prompts and earlier turns come again with
// every request.
//
// A text is known by a 128-bit keyed hash, its length and what it was counted as. The keys are
// random bytes of the process that nobody sees, so nobody can look for two texts that collide, and
// by chance two of a million texts do so once in 10^26 processes: far less often than memory fails.
// In that sense the memo is exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::tokens {

// Texts that are worth remembering, in bytes.
inline constexpr std::size_t shortest_remembered = 24;
inline constexpr std::size_t longest_remembered = 16 * 1024;

struct TextKey {
  std::uint64_t first;
  std::uint64_t second;
  std::uint32_t size;
  std::uint32_t counted_as;
  bool operator==(const TextKey&) const = default;
};

// `counted_as` tells apart what the same bytes may be counted as (encoding, kind); not 0.
// REQUIRES: text.size() >= 16.
TextKey key_of(std::string_view text, std::uint32_t counted_as) noexcept;

// In the calling thread's memo of 4096 texts; a text pushes out the one that was in its place.
std::optional<std::uint64_t> find_count(const TextKey& key) noexcept;
void remember_count(const TextKey& key, std::uint64_t count);

}  // namespace tollgate::tokens
