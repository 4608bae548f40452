// Characters and numbers as configuration texts are made of them: ASCII, whatever the locale.
#pragma once

#include "base/ascii.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace tollgate::config {

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
inline bool is_alnum(char c) noexcept {
  const char small = base::to_lower(c);
  return is_digit(c) || (small >= 'a' && small <= 'z');
}

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = base::to_lower(c);
  return out;
}

// Digits alone, and few enough to fit.
template <class T>
std::optional<T> number(std::string_view digits) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool is_whole = error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
  return is_whole && is_digit(digits.front()) ? std::optional(value) : std::nullopt;
}

}  // namespace tollgate::config
