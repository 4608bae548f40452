#include "server/overload.hpp"

#include <algorithm>
#include <chrono>

namespace tollgate::server {

namespace {

constexpr std::chrono::seconds patience{1};
constexpr std::chrono::microseconds shortest_queue{500};

// One part in so many of the time is for refusals. What is not used is kept, up to a bound: after a lull
// there are not to be refusals alone.
constexpr int share = 30;
constexpr std::chrono::microseconds most_kept{200};

// What a refusal took is measured by the clock. One that had to wait for its client did not work so long.
constexpr std::chrono::microseconds longest_refusal{200};

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
  }
  left_ = std::min<Duration>(left_ + (now - counted_) / share, most_kept);
  counted_ = now;
  if (waited > shortest_queue) {
    last_excess_ = now;
    return left_ > Duration::zero();
  }
  if (now - last_excess_ > patience) {
    is_refusing_ = false;
    behind_since_ = no_deadline;
  }
  return false;
}

void Overload::on_refused(Duration took) noexcept { left_ -= std::min<Duration>(took, longest_refusal); }

}  // namespace tollgate::server
