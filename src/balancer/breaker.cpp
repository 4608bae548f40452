#include "balancer/breaker.hpp"

#include <algorithm>

namespace tollgate::balancer {

namespace {

// Without advice: a second, then two, four, eight.
constexpr std::chrono::seconds first_throttle{1};
constexpr int most_doublings = 3;
// With advice: one that says "at once" while it refuses is still not asked with every call.
constexpr std::chrono::milliseconds least_wait{100};
// Where clients leave early, or limits end answers, none is ever complete: so many that began well end a row of
// failures too.
constexpr int as_good_as_complete = 10;

}  // namespace

const char* name_of(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::closed: return "closed";
    case BreakerState::open: return "open";
    case BreakerState::half_open: return "half_open";
  }
  return "";
}

BreakerState Breaker::state(TimePoint now) const noexcept {
  if (!is_open_) return BreakerState::closed;
  return now < open_until_ ? BreakerState::open : BreakerState::half_open;
}

Closed Breaker::why(TimePoint now) const noexcept {
  if (admits(now)) return Closed::nothing;
  return is_failing_ ? Closed::failing : Closed::throttled;
}

bool Breaker::admits(TimePoint now) const noexcept {
  switch (state(now)) {
    case BreakerState::open: return false;
    case BreakerState::half_open: return probing_ < rules_.probes;
    case BreakerState::closed: return true;
  }
  return false;
}

TimePoint Breaker::free_at(TimePoint now) const noexcept {
  switch (state(now)) {
    case BreakerState::open: return open_until_;
    case BreakerState::half_open: return probing_ < rules_.probes ? now : no_deadline;
    case BreakerState::closed: return now;
  }
  return now;
}

// From a tenth of the calls to all of them, evenly spread.
bool Breaker::is_to_be_spared(TimePoint now) noexcept {
  if (is_open_ || closed_at_ == TimePoint{} || rules_.slow_start.count() == 0) return false;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - closed_at_);
  if (passed >= rules_.slow_start) return false;
  const auto share = 10 + 90 * std::max<std::int64_t>(0, passed.count()) / rules_.slow_start.count();
  // 61 and 100 have no common part: a hundred turns meet every value once.
  return static_cast<std::int64_t>(turn_++ * 61 % 100) >= share;
}

Probe Breaker::enter(TimePoint now) noexcept {
  if (state(now) != BreakerState::half_open) return 0;
  ++probing_;
  return opening_;
}

std::int64_t Breaker::slice_index(TimePoint now) const noexcept {
  const auto length = std::max<std::int64_t>(1, rules_.window.count() / slices);
  return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() / length;
}

Breaker::Slice& Breaker::slice_at(TimePoint now) noexcept {
  const auto index = slice_index(now);
  Slice& slice = recent_[static_cast<std::size_t>(index % slices)];
  if (slice.index != index) slice = {index, 0, 0};
  return slice;
}

bool Breaker::is_rate_reached(TimePoint now) const noexcept {
  const auto oldest = slice_index(now) - slices;
  int calls = 0, failures = 0;
  for (const Slice& slice : recent_) {
    if (slice.index <= oldest) continue;
    calls += slice.calls;
    failures += slice.failures;
  }
  return calls >= rules_.least_calls && failures * 100 >= calls * rules_.failure_percent;
}

void Breaker::on_answer(TimePoint now, Probe probe) noexcept {
  on_nothing(probe);
  ++slice_at(now).calls;
  if (++begun_ >= as_good_as_complete) on_complete();
  // Answers to calls from before it opened, or that no limit concerns, say nothing new.
  if (is_open_ && probe != opening_) return;
  throttles_ = 0;
  if (!is_open_) return;
  ++good_probes_;
  if (!is_failing_ || good_probes_ >= rules_.probes) close(now);
}

void Breaker::on_complete() noexcept {
  in_a_row_ = 0;
  if (!is_open_) openings_ = 0;
}

void Breaker::on_broken(TimePoint now, Probe probe, TimePoint began) noexcept {
  const auto index = slice_index(began);
  Slice& counted = recent_[static_cast<std::size_t>(index % slices)];
  if (counted.index == index && counted.failures < counted.calls) {
    ++counted.failures;
  } else {
    Slice& slice = slice_at(now);  // its beginning is forgotten
    ++slice.calls;
    ++slice.failures;
  }
  weigh_failure(now, probe);
}

void Breaker::on_failure(TimePoint now, Probe probe) noexcept {
  on_nothing(probe);
  Slice& slice = slice_at(now);
  ++slice.calls;
  ++slice.failures;
  weigh_failure(now, probe);
}

void Breaker::weigh_failure(TimePoint now, Probe probe) noexcept {
  ++in_a_row_;
  begun_ = 0;
  const bool is_of_this_opening = probe != 0 && probe == opening_;
  if (is_open_ && !is_of_this_opening) return;
  // A probe opens it again, also one that had begun well, unless another answer has been complete by then. After
  // a limit of its own has passed it is judged as if that had not been.
  const bool is_on_trial = is_of_this_opening && openings_ > 0;
  is_open_ = false;
  const bool is_over = in_a_row_ >= rules_.consecutive || is_rate_reached(now);
  if (!is_on_trial && !is_over) return;
  const auto doublings = std::min(openings_++, 20);
  open_for(now, std::min<Duration>(rules_.open * (std::int64_t{1} << doublings), rules_.open_most), true);
}

void Breaker::on_throttled(TimePoint now, Probe probe, std::chrono::milliseconds advice) noexcept {
  on_nothing(probe);
  Duration wait = std::min<Duration>(std::max(advice, least_wait), rules_.retry_after_most);
  if (advice.count() < 0) {
    wait = std::min<Duration>(first_throttle * (1 << std::min(throttles_++, most_doublings)), rules_.retry_after_most);
  }
  // Several calls may have been refused at once: the latest word counts, and never shortens a failure's time.
  const bool is_failing = is_open_ && is_failing_ && probe != opening_;
  if (is_failing && now + wait <= open_until_) return;
  open_for(now, wait, is_failing);
}

void Breaker::open_for(TimePoint now, Duration time, bool is_failing) noexcept {
  if (!is_open_ || now >= open_until_) ++opened_;
  ++opening_;
  is_open_ = true;
  is_failing_ = is_failing;
  open_until_ = now + time;
  good_probes_ = probing_ = 0;
  closed_at_ = {};
}

void Breaker::close(TimePoint now) noexcept {
  closed_at_ = is_failing_ ? now : TimePoint{};
  is_open_ = is_failing_ = false;
  in_a_row_ = good_probes_ = 0;
  recent_ = {};
  turn_ = 0;
}

}  // namespace tollgate::balancer
