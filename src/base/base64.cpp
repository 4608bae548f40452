#include "base/base64.hpp"

#include <cstdint>

namespace tollgate::base {

std::string base64(std::span<const unsigned char> bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = bytes.size() - at;
    std::uint32_t group = std::uint32_t{bytes[at]} << 16;
    if (count > 1) group |= std::uint32_t{bytes[at + 1]} << 8;
    if (count > 2) group |= std::uint32_t{bytes[at + 2]};
    out += digits[group >> 18];
    out += digits[group >> 12 & 63];
    out += count > 1 ? digits[group >> 6 & 63] : '=';
    out += count > 2 ? digits[group & 63] : '=';
  }
  return out;
}

}  // namespace tollgate::base
