// For how long a request that is ready waits until a loop comes to it: how far a worker is behind.
//
// Measured with a descriptor of its own that is made ready now and then: it stands behind every client
// that was ready before it, in the kernel's queue as in the loop's.
// One thread: the loop's.
#pragma once

#include "net/readiness.hpp"
#include "tollgate/clock.hpp"

namespace tollgate::net {

class Loop;

class ReadyDelay final : private Readiness::Listener {
 public:
  // Throws std::system_error if there is no descriptor left.
  explicit ReadyDelay(Loop& loop);

  // As last measured, or the time for which the measurement under way has lasted already, if that is
  // more. Starts a measurement unless the last is less than 5 ms old; `now` is the clock's.
  Duration sample(TimePoint now);

 private:
  void on_ready(Readiness::For) override;

  int event_;
  Readiness readiness_;
  TimePoint started_{};
  TimePoint measured_{};
  Duration last_{};
  bool is_under_way_ = false;
};

}  // namespace tollgate::net
