#include "openai/body_scan.hpp"

#include "base/ascii.hpp"
#include "openai/json_cursor.hpp"
#include "openai/usage_reader.hpp"

#include <bit>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tollgate::openai {
namespace {

constexpr std::size_t longest_key = 16;
constexpr std::size_t longest_name = 256;
constexpr std::size_t longest_usage = 4096;

const char* skip_space(const char* at, const char* end) noexcept {
  while (at != end && base::is_json_space(*at)) ++at;
  return at;
}

const char* skip_space_and(char mark, const char* at, const char* end) noexcept {
  while (at != end && (*at == mark || base::is_json_space(*at))) ++at;
  return at;
}

bool ends_scalar(char c) noexcept { return c == ',' || c == '}' || base::is_json_space(c); }

// The first quote or backslash.
const char* find_string_end(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const auto quote = _mm_set1_epi8('"');
  const auto backslash = _mm_set1_epi8('\\');
  for (; end - at >= 16; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)))
      return at + std::countr_zero(mask);
  }
#endif
  while (at != end && *at != '"' && *at != '\\') ++at;
  return at;
}

// The first quote, brace or bracket.
const char* find_structure(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const auto quote = _mm_set1_epi8('"');
  const auto open = _mm_set1_epi8('{');
  const auto close = _mm_set1_epi8('}');
  const auto lower = _mm_set1_epi8(0x20);  // makes braces of brackets
  for (; end - at >= 16; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto braced = _mm_or_si128(bytes, lower);
    const auto hits =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote),
                     _mm_or_si128(_mm_cmpeq_epi8(braced, open), _mm_cmpeq_epi8(braced, close)));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)))
      return at + std::countr_zero(mask);
  }
#endif
  while (at != end && *at != '"' && *at != '{' && *at != '}' && *at != '[' && *at != ']') ++at;
  return at;
}

// Behind the string whose inside begins at `at`; null if its end is not here.
const char* behind_string(const char* at, const char* end) noexcept {
  for (;;) {
    at = find_string_end(at, end);
    if (at == end) return nullptr;
    if (*at == '"') return at + 1;
    if (end - at < 2) return nullptr;
    at += 2;
  }
}

// Behind the object or array that begins at `at`; null if its end is not here.
const char* behind_nested(const char* at, const char* end) noexcept {
  for (std::size_t depth = 0;;) {
    at = find_structure(at, end);
    if (at == end) return nullptr;
    const char c = *at++;
    if (c == '"') {
      at = behind_string(at, end);
      if (at == nullptr) return nullptr;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (--depth == 0) {
      return at;
    }
  }
}

// Behind a number, true, false or null of which `at` is inside; null if what ends it is not here.
const char* behind_scalar(const char* at, const char* end) noexcept {
  while (at != end && !ends_scalar(*at)) ++at;
  return at == end ? nullptr : at;
}

const char* behind_value(const char* at, const char* end) noexcept {
  if (*at == '"') return behind_string(at + 1, end);
  return *at == '{' || *at == '[' ? behind_nested(at, end) : behind_scalar(at + 1, end);
}

// A name as it is meant; one that was written with escapes that mean nothing stays as it is.
std::string plain(std::string raw) {
  if (raw.find('\\') == std::string::npos) return raw;
  JsonString whole;
  const auto quoted = '"' + raw + '"';
  std::string text;
  if (!JsonCursor(quoted).read_string(whole) || !json_unescape(whole.raw, text)) return raw;
  return text;
}

}  // namespace

void BodyScan::feed(std::string_view part) {
  const char* at = part.data();
  const char* const end = at + part.size();
  while (at != end) {
    if (state_ == State::before_key) at = take_members(at, end);
    if (at != end) at = step(at, end);
  }
}

// Members of which all is in this part, as it is of most. What it leaves is for step(), which finds the same.
const char* BodyScan::take_members(const char* at, const char* end) {
  for (;;) {
    at = skip_space_and(',', at, end);
    if (at == end || *at != '"') return at;
    const char* const key = at + 1;
    const char* const key_end = find_string_end(key, end);
    if (key_end == end || *key_end != '"') return at;
    const char* const value = skip_space_and(':', key_end + 1, end);
    const char* const behind = value == end ? nullptr : behind_value(value, end);
    if (behind == nullptr) return at;
    const auto key_size = static_cast<std::size_t>(key_end - key);
    member_ = key_size > longest_key ? Member::other : member_called({key, key_size});
    const bool is_string = *value == '"';
    start_value(*value);
    end_value(is_string ? value + 1 : value, is_string ? behind - 1 : behind);
    at = behind;
  }
}

// Takes bytes or changes the state, and takes as many as stay in one state.
const char* BodyScan::step(const char* at, const char* end) {
  switch (state_) {
    case State::start:
    case State::after_end:
      at = skip_space(at, end);
      if (at == end) return at;
      state_ = state_ == State::start && *at == '{' ? State::before_key : State::not_an_object;
      return at + 1;
    case State::before_key:
      at = skip_space_and(',', at, end);
      if (at == end) return at;
      if (*at == '"') {
        state_ = State::in_key;
        text_.clear();
        longest_ = longest_key;
      } else {
        state_ = *at == '}' ? State::after_end : State::not_an_object;
      }
      return at + 1;
    case State::in_key:
    case State::in_string:
    case State::in_nested_string:
      return skip_string(at, end);
    case State::before_value:
      at = skip_space_and(':', at, end);
      if (at == end) return at;
      start_value(*at);
      return state_ == State::in_nested ? at : at + 1;
    case State::in_scalar:
      while (at != end && !ends_scalar(*at)) ++at;
      if (at != end) state_ = State::before_key;
      return at;
    case State::in_nested:
      return skip_nested(at, end);
    case State::not_an_object:
      break;
  }
  return end;
}

const char* BodyScan::skip_string(const char* at, const char* end) {
  if (is_escaped_) {
    is_escaped_ = false;
    keep(at, at + 1);
    return at + 1;
  }
  const char* const stop = find_string_end(at, end);
  if (stop == end || *stop == '\\') {
    is_escaped_ = stop != end;
    const char* const next = is_escaped_ ? stop + 1 : stop;
    keep(at, next);
    return next;
  }
  const char* const next = stop + 1;
  switch (state_) {
    case State::in_nested_string:
      keep(at, next);
      state_ = State::in_nested;
      break;
    case State::in_key:
      member_ = member_called(kept_with(at, stop));
      state_ = State::before_value;
      break;
    default:
      end_value(at, stop);
  }
  return next;
}

const char* BodyScan::skip_nested(const char* at, const char* end) {
  const char* const start = at;
  while (state_ == State::in_nested && (at = find_structure(at, end)) != end) {
    const char c = *at++;
    if (c == '"') {
      // Most strings end in the same part and have no escapes.
      const char* const stop = find_string_end(at, end);
      if (stop != end && *stop == '"')
        at = stop + 1;
      else
        state_ = State::in_nested_string;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (--depth_ == 0) {
      end_value(start, at);
      return at;
    }
  }
  keep(start, at);
  return at;
}

void BodyScan::start_value(char first) {
  if (member_ == Member::error) has_error_ = first != 'n';
  text_.clear();
  longest_ = 0;
  if (first == '"') {
    state_ = State::in_string;
    if (member_ == Member::model || member_ == Member::status) longest_ = longest_name;
  } else if (first == '{' || first == '[') {
    state_ = State::in_nested;
    depth_ = 0;  // its first brace is still to be taken
    if (member_ == Member::usage) longest_ = longest_usage;
  } else {
    state_ = State::in_scalar;
  }
}

void BodyScan::end_value(const char* from, const char* to) {
  state_ = State::before_key;
  const auto value = kept_with(from, to);
  if (longest_ == 0) return;  // not wanted, or too long
  switch (member_) {
    case Member::usage:
      usage_ = {};
      read_usage(value, usage_);
      break;
    case Member::model:
      model_ = value;
      break;
    case Member::status:
      status_ = value;
      break;
    case Member::error:
    case Member::other:
      break;
  }
}

void BodyScan::keep(const char* from, const char* to) {
  if (longest_ == 0) return;
  const auto size = static_cast<std::size_t>(to - from);
  if (text_.size() + size <= longest_)
    text_.append(from, size);
  else
    longest_ = 0;
}

// What has been kept and its end. Usually all of it is in one part, and nothing is copied.
std::string_view BodyScan::kept_with(const char* from, const char* to) {
  if (text_.empty() && static_cast<std::size_t>(to - from) <= longest_) return {from, to};
  keep(from, to);
  return longest_ == 0 ? std::string_view() : text_;
}

BodyScan::Member BodyScan::member_called(std::string_view name) {
  if (name == "usage") return Member::usage;
  if (name == "model") return Member::model;
  if (name == "status") return Member::status;
  if (name == "error") return Member::error;
  return Member::other;
}

BodyFacts BodyScan::finish() {
  BodyFacts facts;
  facts.usage = usage_;
  facts.model = plain(std::move(model_));
  facts.status = plain(std::move(status_));
  facts.has_error = has_error_;
  facts.is_json_object = state_ == State::after_end;
  return facts;
}

bool read_usage(std::string_view object, Usage& usage) {
  JsonCursor json(object);
  return take_usage(json, usage);
}

}  // namespace tollgate::openai
