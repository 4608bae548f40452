#include "base/request_id.hpp"

#include <array>
#include <cstdint>
#include <random>

namespace tollgate::base {

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
  static constexpr char digits[] = "0123456789abcdef";
  std::string id(32, '0');
  for (int i = 0; i < 32; ++i) id[static_cast<std::size_t>(i)] = digits[(words[i / 16] >> (i % 16 * 4)) & 15];
  return id;
}

}  // namespace tollgate::base
