// Small questions that more than one filter asks of an exchange.
#pragma once

#include "tollgate/exchange.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace tollgate::filters {

// Milliseconds since the epoch.
inline std::int64_t to_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
inline std::int64_t now_ms() { return to_ms(std::chrono::system_clock::now()); }

// The value of a request header, "" if it is not there.
inline std::string_view header_of(const Exchange& ex, HeaderName name) {
  for (const Header& header : ex.headers) {
    if (header.known == name) return header.value;
  }
  return {};
}

}  // namespace tollgate::filters
