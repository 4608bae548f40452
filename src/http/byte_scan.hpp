// Looks at many bytes at a time: searches for rare ones, and makes capitals small.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tollgate::http {

// The first control character (0x00-0x1f, 0x7f) in [at, end), or `end`.
inline const char* find_control(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i is_low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const int found = _mm_movemask_epi8(_mm_or_si128(is_low, _mm_cmpeq_epi8(bytes, del)));
    if (found != 0) return at + std::countr_zero(static_cast<unsigned>(found));
  }
#endif
  for (; at != end; ++at)
    if (const auto c = static_cast<unsigned char>(*at); c < 0x20 || c == 0x7f) break;
  return at;
}

// The first CR or LF in [at, end), or `end`.
inline const char* find_line_end(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int found =
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, cr), _mm_cmpeq_epi8(bytes, lf)));
    if (found != 0) return at + std::countr_zero(static_cast<unsigned>(found));
  }
#endif
  for (; at != end; ++at)
    if (*at == '\r' || *at == '\n') break;
  return at;
}

// The first CR LF CR LF that is all in [at, end), or `end`.
inline const char* find_empty_line(const char* at, const char* end) noexcept {
  const auto is_here = [](const char* place) { return std::memcmp(place, "\r\n\r\n", 4) == 0; };
#if defined(__SSE2__)
  const __m128i cr = _mm_set1_epi8('\r');
  for (; end - at >= 18; at += 16) {
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i third = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 2));
    auto found = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(first, cr), _mm_cmpeq_epi8(third, cr))));
    for (; found != 0; found &= found - 1) {
      const char* const place = at + std::countr_zero(found);
      if (end - place >= 4 && is_here(place)) return place;
    }
  }
#endif
  for (; end - at >= 4; ++at)
    if (is_here(at)) return at;
  return end;
}

// Eight bytes with their ASCII capitals made small.
inline std::uint64_t lower_eight(const char* at) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  const std::uint64_t low_bits = bytes & (ones * 0x7f);
  const std::uint64_t is_above_z = low_bits + ones * (0x7f - 'Z');
  const std::uint64_t is_from_a = low_bits + ones * (0x80 - 'A');
  const std::uint64_t is_capital = (is_from_a ^ is_above_z) & ~bytes & (ones * 0x80);
  return bytes | (is_capital >> 2);  // 0x80 >> 2 is the 0x20 between 'A' and 'a'
}

}  // namespace tollgate::http
