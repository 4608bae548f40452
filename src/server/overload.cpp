#include "server/overload.hpp"

#include <algorithm>
#include <chrono>

namespace tollgate::server {

namespace {

constexpr std::chrono::seconds patience{1};
constexpr std::chrono::microseconds shortest_queue{500};
constexpr std::chrono::microseconds idle_queue{125};
constexpr int idle_share = 8;

// One part in so many of the time is for refusals. What is not used is kept, up to a bound: after a lull
// there are not to be refusals alone.
constexpr int share = 30;
constexpr std::chrono::microseconds most_kept{200};

// What a refusal took is measured by the clock, from when its head has been read. One that had to wait for its
// client did not work so long.
constexpr std::chrono::microseconds longest_refusal{200};

// What each costs besides: to learn of it, to read it, what it puts out of the caches. From how much less is served
// in a flood with refusals than without, one costs 12 to 13 us, of which the clock sees 8 to 9.
constexpr std::chrono::microseconds unseen{4};

constexpr std::chrono::microseconds usual_refusal{13};
constexpr int most_served = 32;

// Reckoned for a client that comes again on a new connection: its end, accepting, perhaps a handshake.
constexpr std::chrono::microseconds new_connection{500};

}  // namespace

bool Overload::must_refuse(Duration waited, Duration most, TimePoint now, bool took_its_turn) noexcept {
  if (!is_refusing_) {
    if (waited <= most) {
      behind_since_ = no_deadline;
      return false;
    }
    behind_since_ = std::min(behind_since_, now);
    if (now - behind_since_ < patience) return false;
    begin(now);
  }
  left_ = std::min<Duration>(left_ + (now - counted_) / share, most_kept);
  counted_ = now;
  if (is_over(waited, now)) {
    is_refusing_ = false;
    behind_since_ = no_deadline;
    return false;
  }
  is_behind_ = waited > shortest_queue;
  const bool is_refused = !took_its_turn && is_behind_ && left_ > Duration::zero() && served_ > 0;
  served_ = is_refused ? served_ - 1 : std::min(served_ + 1, most_served);
  return is_refused;
}

int Overload::most_refusals() const noexcept {
  if (!is_refusing_ || !is_behind_ || left_ <= Duration::zero()) return 0;
  return std::min(served_, 1 + static_cast<int>(left_ / usual_refusal));
}

void Overload::begin(TimePoint now) noexcept {
  is_refusing_ = true;
  served_ = 1;
  last_excess_ = look_since_ = counted_ = now;
  looked_ = idle_ = 0;
  left_ = most_kept;
}

bool Overload::is_over(Duration waited, TimePoint now) noexcept {
  if (waited > shortest_queue) last_excess_ = now;
  if (now - last_excess_ > patience) return true;
  ++looked_;
  if (waited < idle_queue) ++idle_;
  if (now - look_since_ < patience) return false;
  const bool was_idle = idle_ * idle_share >= looked_;
  look_since_ = now;
  looked_ = idle_ = 0;
  return was_idle;
}

void Overload::on_refused(Duration took, bool ends_connection) noexcept {
  left_ -= std::min<Duration>(took, longest_refusal) + unseen;
  if (ends_connection) left_ -= new_connection;
  left_ = std::max<Duration>(left_, -new_connection - longest_refusal - unseen);
}

}  // namespace tollgate::server
