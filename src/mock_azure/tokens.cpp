#include "mock_azure/tokens.hpp"

#include <array>

namespace tollgate::mock {
namespace {

constexpr std::size_t word_limit = 6;

constexpr std::array<bool, 256> word_table = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) {
    table[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c >= 0x80;
  }
  return table;
}();

bool is_word(char c) { return word_table[static_cast<unsigned char>(c)]; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::size_t token_end(std::string_view text, std::size_t begin) {
  std::size_t i = begin;
  if (text[i] == ' ' && i + 1 < text.size() && is_word(text[i + 1])) ++i;
  if (!is_word(text[i])) return i + 1;
  const std::size_t limit = i + word_limit;
  while (i < text.size() && i < limit && is_word(text[i])) ++i;
  while (i < text.size() && is_continuation(text[i])) ++i;
  return i;
}

std::int64_t count_tokens(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < text.size(); i = token_end(text, i)) ++count;
  return count;
}

std::string_view first_tokens(std::string_view text, std::int64_t count) {
  std::size_t i = 0;
  while (i < text.size() && count-- > 0) i = token_end(text, i);
  return text.substr(0, i);
}

}  // namespace tollgate::mock
