#include "server/overload.hpp"

#include <algorithm>
#include <chrono>

namespace tollgate::server {

namespace {

constexpr std::chrono::seconds patience{1};
constexpr std::chrono::microseconds shortest_queue{500};

}  // namespace

bool Overload::must_refuse(Duration waited, Duration most, TimePoint now) noexcept {
  if (!is_refusing_) {
    if (waited <= most) {
      behind_since_ = no_deadline;
      return false;
    }
    behind_since_ = std::min(behind_since_, now);
    if (now - behind_since_ < patience) return false;
    is_refusing_ = true;
    last_refusal_ = now;
  }
  if (waited > shortest_queue) {
    last_refusal_ = now;
    return true;
  }
  if (now - last_refusal_ > patience) {
    is_refusing_ = false;
    behind_since_ = no_deadline;
  }
  return false;
}

}  // namespace tollgate::server
