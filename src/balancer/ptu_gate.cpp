#include "balancer/ptu_gate.hpp"

#include <algorithm>

namespace tollgate::balancer {

namespace {

using std::chrono::milliseconds;

// Waiters ask themselves: soon enough when others give up or calls end early, and not all the time.
constexpr Duration soonest = milliseconds(1), latest = milliseconds(25);

// Others come at any moment, who waits goes in the very moment that there is room by the prediction: so much more has
// to be free then, or every small error is a refusal. As much as the call takes, up to a share of the size.
constexpr double most_head_room = 0.0025;

constexpr double habit_pace = 0.1;
constexpr std::size_t most_habits = 10'000;  // subscriptions come and go with reloads

double rate_of(const Deployment& deployment) {
  return static_cast<double>(deployment.units) * static_cast<double>(deployment.unit.input_a_minute) / 60;
}

}  // namespace

const char* name_of(TrafficClass traffic) noexcept {
  switch (traffic) {
    case TrafficClass::interactive: return "interactive";
    case TrafficClass::standard: return "standard";
    case TrafficClass::batch: return "batch";
  }
  return "";
}

PtuGate::PtuGate(const Deployment& deployment, TimePoint now)
    : configured_rate_(rate_of(deployment)),
      answer_weight_(deployment.unit.answer_weight),
      spill_(deployment.spill),
      rules_(deployment.queue),
      model_(configured_rate_, now) {}

void PtuGate::use(const Deployment& deployment, TimePoint now) {
  const double rate = rate_of(deployment);
  const double weight = deployment.unit.answer_weight;
  if (rate != configured_rate_ || weight != answer_weight_) model_ = PtuModel(rate, now);
  configured_rate_ = rate;
  answer_weight_ = weight;
  spill_ = deployment.spill;
  rules_ = deployment.queue;
}

bool PtuGate::has_room(TrafficClass traffic, TimePoint now) const noexcept {
  if (!spill_.is_predictive) return true;
  return !has_waiters_before(traffic) && is_below_line(traffic, now);
}

TimePoint PtuGate::free_at(TrafficClass traffic, TimePoint now) const noexcept {
  if (!has_waiters_before(traffic)) return refused_until();
  return model_.below(line_of(traffic), queue_.tokens_before(newcomer(traffic)), now);
}

PtuStay PtuGate::admit(const PtuLoad& load, TimePoint now) {
  PtuStay stay = weigh(load);
  stay.charge = model_.admit(stay.charge.tokens, now);
  return stay;
}

void PtuGate::refused(const PtuStay& stay, std::optional<Duration> advice, TimePoint now) {
  model_.refused(stay.charge, advice, now);
}

void PtuGate::sent_on(const PtuStay& stay, TimePoint now) {
  ++sent_on_;
  refused(stay, std::nullopt, now);
}

void PtuGate::accepted(const PtuStay& stay, std::optional<double> reported, TimePoint now) {
  if (reported) reported_ = reported;
  model_.accepted(stay.charge, reported, now);
}

void PtuGate::left(const PtuStay& stay, const Usage& usage, TimePoint now) {
  Habit& habit = habit_of(stay.flow);
  if (!usage.is_reported) {
    return model_.settle(stay.charge, std::min(stay.charge.tokens, stay.prompt + answer_weight_ * habit.answer), now);
  }
  const auto prompt = static_cast<double>(usage.prompt_tokens), cached = static_cast<double>(usage.cached_tokens);
  const auto answer = static_cast<double>(usage.completion_tokens);
  model_.settle(stay.charge, weight_of(usage), now);
  if (prompt + answer == 0) return;  // it was not answered
  habit.answer += habit_pace * (answer - habit.answer);
  if (prompt > 0) habit.cached += habit_pace * (std::min(1.0, cached / prompt) - habit.cached);
}

bool PtuGate::join(PtuTurn& turn, TrafficClass traffic, const PtuLoad& load, TimePoint deadline, TimePoint now) {
  if (!rules_) return false;
  turn.traffic = traffic;
  turn.waiter.rank = static_cast<std::size_t>(traffic);
  turn.waiter.flow = load.flow;
  turn.waiter.tokens = weigh(load).charge.tokens;
  turn.since = now;
  turn.give_up_at = std::min(deadline, now + rules_->max_wait);
  const TimePoint expected = room_at(turn, now);
  return expected <= turn.give_up_at && queue_.add(turn.waiter, static_cast<std::size_t>(rules_->length));
}

PtuGate::Turn PtuGate::ask(PtuTurn& turn, TimePoint now, TimePoint& ask_again) {
  const TimePoint expected = room_at(turn, now);
  if (queue_.is_next(turn.waiter) && (expected <= now || model_.wants_to_see(now))) {
    queue_.serve(turn.waiter);
    note_wait(turn, now);
    return Turn::now;
  }
  if (now >= turn.give_up_at) {
    queue_.leave(turn.waiter);
    note_wait(turn, now);
    ++waits_.gave_up;
    return Turn::never;
  }
  ask_again = std::min(turn.give_up_at, now + std::clamp(expected - now, soonest, latest));
  return Turn::later;
}

PtuNumbers PtuGate::numbers(TimePoint now) const {
  PtuNumbers out;
  out.predicted = model_.utilization(now);
  out.reported = reported_;
  out.tokens_a_minute = model_.rate() * 60;
  out.configured_a_minute = configured_rate_ * 60;
  out.window_seconds = model_.size() / model_.rate();
  out.is_learnt = model_.is_learnt();
  out.spilled = spilled_;
  out.sent_on = sent_on_;
  out.waiting = queue_.size();
  out.waits = waits_;
  return out;
}

Waiter PtuGate::newcomer(TrafficClass traffic) noexcept {
  Waiter waiter;
  waiter.rank = static_cast<std::size_t>(traffic);
  return waiter;
}

double PtuGate::line_of(TrafficClass traffic) const noexcept {
  switch (traffic) {
    case TrafficClass::interactive: return spill_.interactive / 100.0;
    case TrafficClass::standard: return spill_.standard / 100.0;
    case TrafficClass::batch: break;
  }
  return spill_.batch / 100.0;
}

bool PtuGate::is_below_line(TrafficClass traffic, TimePoint now) const noexcept {
  return model_.below(line_of(traffic), 0, now) <= now || model_.wants_to_see(now);
}

TimePoint PtuGate::room_at(const PtuTurn& turn, TimePoint now) const noexcept {
  const double head_room = std::min(turn.waiter.tokens, most_head_room * model_.size());
  return model_.below(line_of(turn.traffic), queue_.tokens_before(turn.waiter) + head_room, now);
}

PtuGate::Habit& PtuGate::habit_of(std::uint64_t flow) {
  if (habits_.size() >= most_habits && !habits_.contains(flow)) habits_.clear();
  return habits_[flow];
}

// A call without a bound is charged by a guess of the service's own; what such calls usually take is ours.
PtuStay PtuGate::weigh(const PtuLoad& load) {
  const Habit& habit = habit_of(load.flow);
  const double bound = load.answer_bound >= 0 ? static_cast<double>(load.answer_bound) : habit.answer;
  PtuStay stay;
  stay.flow = load.flow;
  stay.prompt = static_cast<double>(load.prompt) * (1 - habit.cached);
  stay.charge.tokens = stay.prompt + answer_weight_ * bound * static_cast<double>(load.answers);
  return stay;
}

double PtuGate::weight_of(const Usage& usage) const noexcept {
  const auto prompt = static_cast<double>(usage.prompt_tokens - usage.cached_tokens);
  return std::max(0.0, prompt) + answer_weight_ * static_cast<double>(usage.completion_tokens);
}

void PtuGate::note_wait(const PtuTurn& turn, TimePoint now) {
  const auto took = std::max(Duration::zero(), now - turn.since);
  std::size_t bucket = 0;
  while (bucket < PtuWaits::bounds.size() && took > PtuWaits::bounds[bucket]) ++bucket;
  ++waits_.counts[bucket];
  waits_.sum_ns += static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count());
}

}  // namespace tollgate::balancer
