#include "openai/json_cursor.hpp"

#include "base/ascii.hpp"

#include <array>
#include <bit>
#include <charconv>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tollgate::openai {
namespace {

// Which of the open containers are objects, one bit each.
class Nesting {
 public:
  bool is_empty() const noexcept { return depth_ == 0; }
  bool push(bool is_object) noexcept {
    if (depth_ == json_depth_limit) return false;
    auto& word = objects_[depth_ / 64];
    const auto bit = std::uint64_t{1} << (depth_ % 64);
    word = is_object ? word | bit : word & ~bit;
    ++depth_;
    return true;
  }
  void pop() noexcept { --depth_; }
  bool in_object() const noexcept {
    return depth_ > 0 && (objects_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1);
  }

 private:
  std::array<std::uint64_t, json_depth_limit / 64> objects_;  // bits below depth_ are set
  unsigned depth_ = 0;
};

#if defined(__x86_64__)
// 0xff for each of sixteen bytes that is a quote, a backslash or a control character.
__m128i string_breaks(const char* at) noexcept {
  const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const auto last_control = _mm_set1_epi8(0x1f);
  const auto is_control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
  return _mm_or_si128(
      is_control, _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
}

[[gnu::target("avx2")]] __m256i string_breaks_in_32(const char* at) noexcept {
  const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const auto is_control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
  const auto is_quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
  return _mm256_or_si256(is_control, _mm256_or_si256(is_quote, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'))));
}

// Goes on by 64 bytes as long as they are all plain.
[[gnu::target("avx2")]] const char* skip_plain(const char* at, const char* end) noexcept {
  for (; end - at >= 64; at += 64) {
    const auto breaks = _mm256_or_si256(string_breaks_in_32(at), string_breaks_in_32(at + 32));
    if (!_mm256_testz_si256(breaks, breaks)) break;
  }
  return at;
}
#endif

// The first quote, backslash or control character of [at, end); `end` if there is none. `begin`: of the text.
const char* find_string_break(const char* begin, const char* at, const char* end) noexcept {
#if defined(__x86_64__)
  if (end - at >= 64 && __builtin_cpu_supports("avx2")) at = skip_plain(at, end);
  for (; end - at >= 16; at += 16) {
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(string_breaks(at)))) return at + std::countr_zero(mask);
  }
  if (end - begin >= 16) {  // what is left is behind others
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(string_breaks(end - 16))) >> (16 - (end - at));
    return mask != 0 ? at + std::countr_zero(mask) : end;
  }
#endif
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) > 0x1f) ++at;
  return at;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_short_escape(char c) noexcept {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    default:
      return false;
  }
}

using base::hex_value;

// REQUIRES: four hexadecimal digits at `at`.
std::uint32_t read_hex4(const char* at) noexcept {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 4 | static_cast<std::uint32_t>(hex_value(at[i]));
  return value;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

bool JsonCursor::skip_value() noexcept {
  Nesting nesting;
  JsonString key;
  for (;;) {
    if (nesting.in_object() && !skip_key(key)) return false;
    const char c = peek();
    if (c == '{' || c == '[') {
      if (!nesting.push(c == '{')) return fail("it is nested too deeply");
      ++at_;
      const char next = peek();
      if (next != '}' && next != ']') continue;  // a wrong bracket is found just below
    } else if (!skip_scalar()) {
      return false;
    }
    // A value, or an opening bracket with nothing in it, is behind us: close what ends here.
    for (;;) {
      if (nesting.is_empty()) return true;
      const char close = nesting.in_object() ? '}' : ']';
      const char next = peek();
      if (next != ',' && next != close)
        return fail(nesting.in_object() ? "',' or '}' is missing" : "',' or ']' is missing");
      ++at_;
      if (next == ',') break;
      nesting.pop();
    }
  }
}

bool JsonCursor::read_string(JsonString& string) noexcept {
  if (peek() != '"') return fail("a string is missing");
  const char* const start = ++at_;
#if defined(__x86_64__)
  if (end_ - start >= 16) {  // most strings are keys and short words
    const auto breaks = static_cast<unsigned>(_mm_movemask_epi8(string_breaks(start)));
    const int size = std::countr_zero(breaks);
    if (breaks != 0 && start[size] == '"') {
      string = {{start, static_cast<std::size_t>(size)}, false};
      at_ = start + size + 1;
      return true;
    }
  }
#endif
  return read_longer_string(string);
}

bool JsonCursor::read_longer_string(JsonString& string) noexcept {
  const char* const start = at_;
  if (known_ != last_known_) {
    const StringEnds::End found = *known_++;
    const char* const closing = begin_ + found.offset();
    if (closing < start || closing >= end_) return fail("it is not the text that was walked before");
    at_ = closing;
    string.has_escapes = found.has_escapes();
  } else {
    string.has_escapes = false;
    for (;;) {
      at_ = find_string_break(begin_, at_, end_);
      if (at_ == end_) return fail("a string does not end");
      if (*at_ == '"') break;
      if (*at_ != '\\') return fail("a control character in a string is not escaped");
      string.has_escapes = true;
      if (!skip_escapes()) return false;
    }
    if (noted_ != nullptr) noted_->add(offset(), string.has_escapes);
  }
  string.raw = {start, static_cast<std::size_t>(at_ - start)};
  ++at_;
  return true;
}

bool JsonCursor::open_object() noexcept {
  if (peek() != '{') return fail("'{' is missing");
  ++at_;
  return true;
}

bool JsonCursor::next_member(JsonString& key, bool is_first) noexcept {
  const char c = peek();
  if (c == '}') {
    ++at_;
    return false;
  }
  if (!is_first) {
    if (c != ',') return fail("',' or '}' is missing");
    ++at_;
  }
  return skip_key(key);
}

bool JsonCursor::open_array() noexcept {
  if (peek() != '[') return fail("'[' is missing");
  ++at_;
  return true;
}

bool JsonCursor::next_element(bool is_first) noexcept {
  const char c = peek();
  if (c == ']') {
    ++at_;
    return false;
  }
  if (is_first) return true;
  if (c != ',') return fail("',' or ']' is missing");
  ++at_;
  return true;
}

bool JsonCursor::skip_key(JsonString& key) noexcept {
  if (peek() != '"') return fail("a field name in quotes is missing");
  if (!read_string(key)) return false;
  if (peek() != ':') return fail("':' is missing");
  ++at_;
  return true;
}

bool JsonCursor::skip_scalar() noexcept {
  switch (peek()) {
    case '"': {
      JsonString ignored;
      return read_string(ignored);
    }
    case 't':
      return skip_literal("true");
    case 'f':
      return skip_literal("false");
    case 'n':
      return skip_literal("null");
    default:
      return skip_number();
  }
}

// Takes one escape and those that follow it at once, which is how escapes often come.
bool JsonCursor::skip_escapes() noexcept {
  do {
    if (end_ - at_ < 2) return fail("a string does not end");
    const char kind = at_[1];
    if (is_short_escape(kind)) {
      at_ += 2;
      continue;
    }
    if (kind != 'u') return fail("an escape in a string is unknown");
    at_ += 2;
    for (int i = 0; i < 4; ++i, ++at_)
      if (at_ == end_ || hex_value(*at_) < 0) return fail("\\u needs four hexadecimal digits");
  } while (at_ != end_ && *at_ == '\\');
  return true;
}

bool JsonCursor::skip_digits() noexcept {
  const char* const start = at_;
  while (at_ != end_ && is_digit(*at_)) ++at_;
  return at_ != start;
}

bool JsonCursor::skip_number() noexcept {
  const char* const start = at_;
  if (at_ != end_ && *at_ == '-') ++at_;
  if (at_ != end_ && *at_ == '0') {
    ++at_;
    if (at_ != end_ && is_digit(*at_)) return fail("a number starts with 0");
  } else if (!skip_digits()) {
    return fail(at_ == start ? "a value is missing" : "a number has no digits");
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!skip_digits()) return fail("a number has no digits after its point");
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!skip_digits()) return fail("a number has no digits in its exponent");
  }
  return true;
}

bool JsonCursor::skip_literal(std::string_view literal) noexcept {
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, literal.size()) !=
      literal)
    return fail("a value is missing");
  at_ += literal.size();
  return true;
}

bool json_unescape(std::string_view raw, std::string& out) {
  const char* at = raw.data();
  const char* const end = at + raw.size();
  while (at != end) {
    if (*at != '\\') {
      out += *at++;
      continue;
    }
    switch (const char c = at[1]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        auto code = read_hex4(at + 2);
        if (code >= 0xdc00 && code < 0xe000) return false;
        if (code >= 0xd800 && code < 0xdc00) {
          at += 6;
          if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return false;
          const auto low = read_hex4(at + 2);
          if (low < 0xdc00 || low >= 0xe000) return false;
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        append_utf8(out, code);
        at += 4;
        break;
      }
      default:
        out += c;
    }
    at += 2;
  }
  return true;
}

bool read_integer(std::string_view literal, std::int64_t& value) noexcept {
  const char* const end = literal.data() + literal.size();
  const auto [stop, problem] = std::from_chars(literal.data(), end, value);
  return problem == std::errc{} && stop == end && !literal.empty();
}

}  // namespace tollgate::openai
