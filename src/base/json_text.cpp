#include "base/json_text.hpp"

#include "base/utf8.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tollgate {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

bool is_plain(unsigned char c) noexcept { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

std::uint64_t word_at(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::uint64_t half_word_at(const char* at) noexcept {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Whether one of eight bytes is not plain.
bool has_special(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  const auto has_zero = [](std::uint64_t v) { return (v - ones) & ~v; };
  const auto is_low = (bytes - ones * 0x20) & ~bytes;
  const auto is_one = has_zero(bytes ^ (ones * '"')) | has_zero(bytes ^ (ones * '\\')) |
                      has_zero(bytes ^ (ones * 0x7f));
  return ((bytes | is_low | is_one) & (ones * 0x80)) != 0;
}

#if defined(__SSE2__)
// A bit for each of sixteen bytes that is not plain.
unsigned specials(const char* at) noexcept {
  const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  // Signed: what is above ASCII is below the space.
  const auto special =
      _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))),
                   _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
  return static_cast<unsigned>(_mm_movemask_epi8(special));
}
#endif

// How many bytes in front are plain.
std::size_t plain_length(std::string_view text) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  for (; at + 16 <= text.size(); at += 16)
    if (const unsigned found = specials(text.data() + at)) return at + static_cast<std::size_t>(std::countr_zero(found));
#endif
  while (at < text.size() && is_plain(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

}  // namespace

// In pieces of which the last two overlap.
bool is_plain_json(std::string_view text) noexcept {
  const char* const begin = text.data();
  const auto size = text.size();
#if defined(__SSE2__)
  if (size >= 16) {
    for (std::size_t at = 0; at + 16 < size; at += 16)
      if (specials(begin + at) != 0) return false;
    return specials(begin + size - 16) == 0;
  }
#endif
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8)
      if (has_special(word_at(begin + at))) return false;
    return !has_special(word_at(begin + size - 8));
  }
  if (size >= 4) return !has_special(half_word_at(begin) << 32 | half_word_at(begin + size - 4));
  return plain_length(text) == size;
}

namespace {

void escape_control(std::string& out, unsigned char c) {
  constexpr char hex[] = "0123456789abcdef";
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += hex[c >> 4];
  out += hex[c & 0xf];
}

}  // namespace

void json_escape(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;

    const auto c = static_cast<unsigned char>(text.front());
    std::size_t taken = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7f) {
      escape_control(out, c);
    } else if (const auto length = base::utf8_sequence_length(text)) {
      out.append(text.substr(0, length));
      taken = length;
    } else {
      out += replacement;
    }
    text.remove_prefix(taken);
  }
}

}  // namespace tollgate
