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

// Whether one of eight bytes is not plain.
bool has_special(const char* at) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  const auto has_zero = [](std::uint64_t v) { return (v - ones) & ~v; };
  const auto is_low = (bytes - ones * 0x20) & ~bytes;
  const auto is_one = has_zero(bytes ^ (ones * '"')) | has_zero(bytes ^ (ones * '\\')) |
                      has_zero(bytes ^ (ones * 0x7f));
  return ((bytes | is_low | is_one) & (ones * 0x80)) != 0;
}

}  // namespace

std::size_t plain_json_length(std::string_view text) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  for (; at + 16 <= text.size(); at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    // Signed: what is above ASCII is below the space.
    const auto special = _mm_or_si128(
        _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)),
                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))),
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (mask != 0) return at + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  if (const auto left = text.size() - at; left >= 8 && left < 16) {
    const char* const last = text.data() + text.size() - 8;
    if (!has_special(text.data() + at) && !has_special(last)) return text.size();
  }
  while (at < text.size() && is_plain(static_cast<unsigned char>(text[at]))) ++at;
  return at;
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
    const std::size_t plain = plain_json_length(text);
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
