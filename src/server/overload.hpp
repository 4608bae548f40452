// Whether a worker that is behind takes another request. Pure: the times are given.
//
// A worker takes what comes, a burst too. Once requests have waited longer than a bound for a whole
// second, more is asked of it than it can do, and waiting only makes every answer late: from then on
// requests that find it behind by more than half a millisecond are refused. That keeps its queue just
// long enough for it to be always at work, and those it refuses hear of it at once. It ends when nothing
// has had to be refused for a second.
//
// A refusal costs about a third of a request that is served. So that refusing does not take the place of
// serving, there is one for seven served at most; what is more than that waits.
#pragma once

#include "tollgate/clock.hpp"

namespace tollgate::server {

class Overload {
 public:
  // `waited`: for how long what is ready waits at present. `most`: the bound.
  bool must_refuse(Duration waited, Duration most, TimePoint now) noexcept;

 private:
  TimePoint behind_since_ = no_deadline;  // waits have been longer than the bound
  TimePoint last_excess_{};
  int served_since_ = 0;  // since the last refusal
  bool is_refusing_ = false;
};

}  // namespace tollgate::server
