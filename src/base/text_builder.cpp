#include "base/text_builder.hpp"

#include <array>

namespace tollgate::base {
namespace {

template <std::size_t bytes>
void copy_ends(char* to, const char* from, std::size_t size) noexcept {
  std::array<char, bytes> first, last;
  std::memcpy(&first, from, bytes);
  std::memcpy(&last, from + size - bytes, bytes);
  std::memcpy(to, &first, bytes);
  std::memcpy(to + size - bytes, &last, bytes);
}

}  // namespace

void TextBuilder::copy(char* to, const char* from, std::size_t size) noexcept {
  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    copy_ends<16>(to, from, size);
  } else if (size >= 8) {
    copy_ends<8>(to, from, size);
  } else if (size >= 4) {
    copy_ends<4>(to, from, size);
  } else {
    for (std::size_t i = 0; i != size; ++i) to[i] = from[i];
  }
}

void TextBuilder::grow(std::size_t bytes) {
  const auto size = static_cast<std::size_t>(at_ - begin_);
  std::vector<char> larger(2 * size + bytes);
  std::memcpy(larger.data(), begin_, size);
  longer_.swap(larger);
  begin_ = longer_.data();
  at_ = begin_ + size;
  end_ = begin_ + longer_.size();
}

}  // namespace tollgate::base
