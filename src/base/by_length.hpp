// Looks words up among few.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string_view>

namespace tollgate::base {

// Where among `words`, which are ordered by length, those of each length begin: a word of n bytes, n at most `longest`, is
// at one of the places from begins[n] on and before begins[n + 1]. `text` gives the text of an element.
template <std::size_t longest, class Words, class Text = std::identity>
constexpr std::array<unsigned char, longest + 2> begins_by_length(const Words& words, Text text = {}) {
  static_assert(std::tuple_size_v<Words> < 256);
  std::array<unsigned char, longest + 2> begins{};
  for (std::size_t n = 0; n < begins.size(); ++n) {
    std::size_t i = 0;
    while (i < words.size() && std::invoke(text, words[i]).size() < n) ++i;
    begins[n] = static_cast<unsigned char>(i);
  }
  return begins;
}

}  // namespace tollgate::base
