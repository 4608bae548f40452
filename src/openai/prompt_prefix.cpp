#include "openai/prompt_prefix.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tollgate::openai {
namespace {

constexpr std::uint64_t factor = 0xff51afd7ed558ccd;

std::uint64_t little_endian(std::uint64_t word) noexcept {
  if constexpr (std::endian::native == std::endian::big) return __builtin_bswap64(word);
  return word;
}

}  // namespace

// Eight bytes at a time: the value spreads load and protects nothing.
std::uint64_t PromptPrefix::mix(std::uint64_t state, std::string_view bytes) noexcept {
  const auto take = [&](std::uint64_t word) {
    state = (state ^ little_endian(word)) * factor;
    state ^= state >> 32;
  };
  std::size_t at = 0;
  std::uint64_t word = 0;
  for (; bytes.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    take(word);
  }
  word = 0;
  if (at < bytes.size()) std::memcpy(&word, bytes.data() + at, bytes.size() - at);
  take(word);
  state = (state ^ bytes.size()) * factor;
  return state ^ state >> 32;
}

std::uint64_t PromptPrefix::finish(std::uint64_t state) noexcept {
  state = (state ^ state >> 33) * 0xc4ceb9fe1a85ec53;
  state ^= state >> 33;
  return state == 0 ? 1 : state;
}

void PromptPrefix::feed(std::string_view part) noexcept {
  if (left_ == 0 || part.empty()) return;
  part = part.substr(0, left_);
  left_ -= part.size();
  state_ = mix(state_, part);
}

std::uint64_t PromptPrefix::of_key(std::string_view key) noexcept {
  return key.empty() ? 0 : finish(mix(factor, key));
}

}  // namespace tollgate::openai
