// The character classes that the encodings' patterns tell apart.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tollgate::tokens {

enum class Class : unsigned char {
  other,
  upper,   // Lu, Lt
  lower,   // Ll
  letter,  // Lm, Lo: letters without case
  mark,    // M
  number,  // N
  space,   // White_Space but for the next
  newline  // \r, \n
};

// Two steps: the block of a code point, then its class in the block.
inline constexpr unsigned class_block_bits = 7;
inline constexpr std::size_t class_blocks = 0x110000 >> class_block_bits;

// The block of each 128 code points, then the classes of the blocks that differ.
extern "C" const unsigned char tollgate_token_classes[];

struct Char {
  Class kind;
  unsigned bytes;
};

inline Class class_of(std::uint32_t code_point) noexcept {
  const std::size_t block = tollgate_token_classes[code_point >> class_block_bits];
  const auto in_block = code_point & ((1u << class_block_bits) - 1);
  return Class{tollgate_token_classes[class_blocks + (block << class_block_bits | in_block)]};
}

// The character at `at`. What is not UTF-8 is `other`, byte by byte. REQUIRES: at != end.
inline Char char_at(const unsigned char* at, const unsigned char* end) noexcept {
  const std::uint32_t lead = *at;
  if (lead < 0x80) return {class_of(lead), 1};
  const auto left = end - at;
  const auto tail = [at](int i) -> std::uint32_t { return at[i] ^ 0x80u; };  // < 0x40 if it is one
  if (lead < 0xe0) {
    if (lead >= 0xc2 && left >= 2 && tail(1) < 0x40)
      return {class_of((lead & 0x1f) << 6 | tail(1)), 2};
  } else if (lead < 0xf0) {
    if (left >= 3 && (tail(1) | tail(2)) < 0x40)
      return {class_of((lead & 0xf) << 12 | tail(1) << 6 | tail(2)), 3};
  } else if (lead < 0xf5 && left >= 4 && (tail(1) | tail(2) | tail(3)) < 0x40) {
    const auto code_point = (lead & 7) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3);
    if (code_point < 0x110000) return {class_of(code_point), 4};
  }
  return {Class::other, 1};
}

inline bool is_letter(Class c) noexcept { return c >= Class::upper && c <= Class::letter; }
inline bool is_space(Class c) noexcept { return c >= Class::space; }
// What the patterns write as [^\s\p{L}\p{N}].
inline bool is_symbol(Class c) noexcept { return c == Class::other || c == Class::mark; }

}  // namespace tollgate::tokens
