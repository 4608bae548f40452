#include "affinity/object_key.hpp"

#include "base/sha256.hpp"

namespace tollgate::affinity {

ObjectKey key_of(std::string_view id) {
  const auto digest = base::sha256(id);
  const auto word_at = [&](std::size_t from) {
    std::uint64_t word = 0;
    for (std::size_t i = from; i < from + 8; ++i) word = word << 8 | digest[i];
    return word;
  };
  return {word_at(0), word_at(8)};
}

std::string to_text(ObjectKey key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(32);
  for (const std::uint64_t word : {key.high, key.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[word >> shift & 15];
  }
  return text;
}

}  // namespace tollgate::affinity
