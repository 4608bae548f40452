#include "server/overload.hpp"

#include <algorithm>
#include <chrono>

namespace tollgate::server {

namespace {

constexpr std::chrono::seconds patience{1};
constexpr std::chrono::microseconds shortest_queue{500};
constexpr int served_a_refusal = 7;

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
    served_since_ = served_a_refusal;
  }
  if (waited > shortest_queue) {
    last_excess_ = now;
    if (served_since_ < served_a_refusal) {
      ++served_since_;
      return false;
    }
    served_since_ = 0;
    return true;
  }
  served_since_ = std::min(served_since_ + 1, served_a_refusal);
  if (now - last_excess_ > patience) {
    is_refusing_ = false;
    behind_since_ = no_deadline;
  }
  return false;
}

}  // namespace tollgate::server
