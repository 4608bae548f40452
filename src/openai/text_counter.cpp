#include "openai/text_counter.hpp"

#include "tokens/text_memo.hpp"

#include <algorithm>

namespace tollgate::openai {
namespace {

// Longer strings are counted in steps.
constexpr std::size_t short_string = tokens::longest_remembered;

bool is_high_surrogate(std::string_view raw, std::size_t at) noexcept {
  if (at + 4 > raw.size()) return false;
  const char third = raw[at + 3];
  return (raw[at + 2] == 'd' || raw[at + 2] == 'D') &&
         (third == '8' || third == '9' || ((third | 0x20) >= 'a' && (third | 0x20) <= 'b'));
}

}  // namespace

std::size_t cut_before(std::string_view raw, std::size_t limit) noexcept {
  if (limit >= raw.size()) return raw.size();
  std::size_t at = 0;
  while (at < limit) {
    const auto escape = raw.find('\\', at);
    if (escape >= limit) return limit;
    std::size_t size = 2;
    if (escape + 1 < raw.size() && raw[escape + 1] == 'u')
      size = is_high_surrogate(raw, escape) ? 12 : 6;
    at = escape + size;
    if (at > limit) return escape == 0 ? std::min(at, raw.size()) : escape;
  }
  return limit;
}

void unescape_leniently(std::string_view raw, std::string& out) {
  const auto before = out.size();
  if (json_unescape(raw, out)) return;
  out.resize(before);
  out += raw;
}

void TextCounter::add(const JsonString& text) {
  if (text.raw.empty()) return;
  if (text.raw.size() <= short_string && take(text.raw.size())) {
    tokens_ += count_now(text);
  } else {
    waiting_.push_back(text);
  }
}

std::uint64_t TextCounter::count_now(const JsonString& text) {
  const bool is_worth_it = text.raw.size() >= tokens::shortest_remembered;
  tokens::TextKey key{};
  if (is_worth_it) {
    key = tokens::key_of(text.raw,
                         1 + static_cast<std::uint32_t>(encoding_) + (text.has_escapes ? 2u : 0u));
    if (const auto known = tokens::find_count(key)) return *known;
  }
  std::uint64_t count = 0;
  if (text.has_escapes) {
    thread_local std::string unescaped;
    unescaped.clear();
    unescape_leniently(text.raw, unescaped);
    count = tokens::count(encoding_, unescaped);
  } else {
    count = tokens::count(encoding_, text.raw);
  }
  if (is_worth_it) tokens::remember_count(key, count);
  return count;
}

bool TextCounter::step(std::size_t bytes) {
  while (next_ < waiting_.size() || long_) {
    if (bytes == 0) return false;
    if (long_) {
      if (!step_long(bytes)) return false;
      continue;
    }
    const JsonString& text = waiting_[next_++];
    if (text.raw.size() <= short_string) {
      tokens_ += count_now(text);
      bytes -= std::min(bytes, text.raw.size());
    } else {
      long_ = std::make_unique<Long>();
      if (text.has_escapes) {
        long_->raw = text.raw;
      } else {
        long_->counting = std::make_unique<tokens::Counting>(encoding_, text.raw);
      }
    }
  }
  return true;
}

// Uses up `bytes`. True when the string has been counted.
bool TextCounter::step_long(std::size_t& bytes) {
  if (!long_->counting) {
    const auto piece = cut_before(long_->raw, std::max<std::size_t>(bytes, 16));
    if (long_->unescaped.empty()) long_->unescaped.reserve(long_->raw.size());
    unescape_leniently(long_->raw.substr(0, piece), long_->unescaped);
    long_->raw.remove_prefix(piece);
    bytes -= std::min(bytes, piece);
    if (!long_->raw.empty()) return false;
    long_->counting = std::make_unique<tokens::Counting>(encoding_, long_->unescaped);
    return bytes == 0 ? false : step_long(bytes);
  }
  const bool is_done = long_->counting->step(bytes);
  bytes = 0;
  if (!is_done) return false;
  tokens_ += long_->counting->tokens();
  long_.reset();
  return true;
}

}  // namespace tollgate::openai
