// Sixteen bytes looked at together: which of them are ASCII letters, and of which case.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tollgate::tokens {

// One bit a byte, the first byte in the lowest bit.
struct AsciiBlock {
  std::uint32_t letters;
  std::uint32_t upper;

#if defined(__SSE2__)
  // REQUIRES: 16 readable bytes.
  explicit AsciiBlock(const unsigned char* at) noexcept {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto lowered = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    letters = from_a(_mm_sub_epi8(lowered, _mm_set1_epi8('a')));
    upper = from_a(_mm_sub_epi8(bytes, _mm_set1_epi8('A')));
  }

 private:
  static std::uint32_t from_a(__m128i offset) noexcept {
    const auto is_in = _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(25)), offset);
    return static_cast<std::uint32_t>(_mm_movemask_epi8(is_in));
  }
#else
  explicit AsciiBlock(const unsigned char* at) noexcept : letters(0), upper(0) {
    for (unsigned i = 0; i < 16; ++i) {
      letters |= static_cast<std::uint32_t>((at[i] | 0x20u) - 'a' < 26u) << i;
      upper |= static_cast<std::uint32_t>(at[i] - unsigned{'A'} < 26u) << i;
    }
  }
#endif
};

}  // namespace tollgate::tokens
