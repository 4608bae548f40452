// Two attempts side by side: the second begins when the first is slow, the first that begins well wins.
// One thread. Destroying it cancels both.
#pragma once

#include "balancer/candidates.hpp"
#include "base/branch.hpp"
#include "filters/attempt.hpp"

#include <coroutine>
#include <optional>

namespace tollgate::filters {

// One of the two: a candidate and the attempt at it.
class Contender {
 public:
  // `waited`: gets the time spent waiting for it.
  Contender(Exchange& ex, balancer::Candidate candidate, Duration& waited)
      : candidate_(std::move(candidate)), attempt_(ex, *candidate_.deployment, waited) {}
  Contender(const Contender&) = delete;

  // Until it ends or `*waiting` is put to another use; whoever stands in `*waiting` is resumed at its end.
  void start(std::coroutine_handle<>* waiting) {
    work_ = base::run(attempt_.begin(), result_);
    work_.start(waiting);
  }
  bool has_ended() const noexcept { return work_.is_done(); }
  upstream::Problem take_problem() { return result_.take(); }  // REQUIRES: has_ended(); once
  void cancel() noexcept { work_.cancel(); }

  balancer::Candidate& candidate() noexcept { return candidate_; }
  Attempt& attempt() noexcept { return attempt_; }
  const Attempt& attempt() const noexcept { return attempt_; }

 private:
  balancer::Candidate candidate_;
  Attempt attempt_;
  Patience patience_{attempt_, candidate_.visit};
  base::Result<upstream::Problem> result_;
  base::Branch work_;  // before it goes what it works with
};

// Awaits the end of whatever resumes `*waiting`, or a time.
class EndOrTime : private Timer {
 public:
  EndOrTime(net::Loop& loop, std::coroutine_handle<>& waiting, TimePoint deadline) : loop_(loop), waiting_(waiting) { at = deadline; }
  EndOrTime(const EndOrTime&) = delete;
  ~EndOrTime();

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller);
  void await_resume() noexcept;

 private:
  net::Loop& loop_;
  std::coroutine_handle<>& waiting_;
};

}  // namespace tollgate::filters
