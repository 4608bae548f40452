#include "base/request_id.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <random>

namespace tollgate::base {

namespace {

// "00" to "ff".
constexpr auto hex_pairs = [] {
  constexpr char digits[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < 256; ++i) pairs[i] = {digits[i >> 4], digits[i & 15]};
  return pairs;
}();

}  // namespace

std::string make_request_id() {
  thread_local std::array<std::uint64_t, 2> state = [] {
    std::random_device device;
    const auto word = [&] { return static_cast<std::uint64_t>(device()) << 32 | device(); };
    return std::array<std::uint64_t, 2>{word() | 1, word()};
  }();
  // xoroshiro128+: ids need to be unique, not secret.
  std::uint64_t words[2];
  for (auto& word : words) {
    const auto a = state[0];
    auto b = state[1];
    word = a + b;
    b ^= a;
    state[0] = ((a << 24) | (a >> 40)) ^ b ^ (b << 16);
    state[1] = (b << 37) | (b >> 27);
  }
  std::string id(32, '0');
  char* at = id.data();
  for (auto word : words) {
    for (int i = 0; i < 8; ++i, word >>= 8, at += 2) std::memcpy(at, hex_pairs[word & 255].data(), 2);
  }
  return id;
}

}  // namespace tollgate::base
