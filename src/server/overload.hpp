// Whether a worker that is behind takes another request. Pure: the times are given.
//
// A worker takes what comes, a burst too. Once requests have waited longer than a bound for a whole
// second, more is asked of it than it can do, and waiting only makes every answer late: from then on
// requests that find it behind by more than half a millisecond may be refused. It ends when none has
// found it so for a second.
//
// A refusal costs a good part of a request that is served. So that refusing does not take the place of
// serving, there is one for seven served at most. Where that is enough, the queue is kept just long
// enough for the worker to be always at work; what is more waits, as it would without refusals.
#pragma once

#include "tollgate/clock.hpp"

namespace tollgate::server {

class Overload {
 public:
  // `waited`: for how long what is ready waits at present. `most`: the bound. `now` never goes back.
  bool must_refuse(Duration waited, Duration most, TimePoint now) noexcept;

 private:
  TimePoint behind_since_ = no_deadline;  // waits have been longer than the bound
  TimePoint last_excess_{};
  int served_since_ = 0;  // since the last refusal
  bool is_refusing_ = false;
};

}  // namespace tollgate::server
