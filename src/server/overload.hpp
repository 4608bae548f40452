// Whether a worker that is behind takes another request. Pure: the times are given.
//
// A worker takes what comes, a burst too. Once requests have waited longer than a bound for a whole
// second, more is asked of it than it can do, and waiting only makes every answer late: from then on
// requests that find it behind by more than half a millisecond may be refused: of those that came last, so that
// they are told at once, and of those that are there without having waited their turn. It ends when none has
// found it so for a second, or when one in eight came to a worker that had next to nothing to do.
//
// A refusal takes time as well. So that refusing does not take the place of serving, it has one part in
// thirty of the worker's time at most, and one request is served for each that is refused. Where that is
// enough, the queue is kept just long enough for the worker to be always at work; what is more waits, as
// it would without refusals.
#pragma once

#include "tollgate/clock.hpp"

namespace tollgate::server {

class Overload {
 public:
  // `waited`: for how long what is ready waits at present. `most`: the bound. `now` never goes back.
  // `took_its_turn`: it waited as long as others did.
  bool must_refuse(Duration waited, Duration most, TimePoint now, bool took_its_turn) noexcept;

  bool is_refusing() const noexcept { return is_refusing_; }

  // How many may be refused now.
  int most_refusals() const noexcept;

  // After each refusal: how long it took, and whether its client has to connect anew.
  void on_refused(Duration took, bool ends_connection) noexcept;

 private:
  void begin(TimePoint now) noexcept;
  bool is_over(Duration waited, TimePoint now) noexcept;

  TimePoint behind_since_ = no_deadline;  // waits have been longer than the bound
  TimePoint last_excess_{};
  TimePoint look_since_{};
  int looked_ = 0, idle_ = 0;  // requests since then, and those that found the worker idle
  TimePoint counted_{};        // `left_` holds what may be spent until then
  Duration left_{};            // for refusals; below zero after one that took more
  int served_ = 0;             // for which none has been refused yet
  bool is_refusing_ = false;
  bool is_behind_ = false;  // when it was last asked
};

}  // namespace tollgate::server
