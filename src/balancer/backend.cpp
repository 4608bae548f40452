#include "balancer/backend.hpp"

namespace tollgate::balancer {

const char* name_of(Result result) noexcept {
  switch (result) {
    case Result::good: return "good";
    case Result::throttled: return "throttled";
    case Result::failed: return "failed";
    case Result::timeout: return "timeout";
    case Result::unreachable: return "unreachable";
    case Result::abandoned: return "abandoned";
  }
  return "";
}

namespace {

bool is_known_ptu(const Deployment& deployment) {
  return deployment.kind == DeploymentKind::ptu && deployment.unit.input_a_minute > 0;
}

// Of a call that was refused or failed: the bucket has it back.
constexpr Usage nothing{.is_reported = true};

}  // namespace

Backend::Backend(const Deployment& deployment)
    : name_(deployment.name), breaker_(deployment.breaker), longest_advice_(deployment.breaker.retry_after_most) {
  is_ptu_ = is_known_ptu(deployment);
  if (is_ptu_) ptu_.emplace(deployment, Clock::now());
}

void Backend::use(const Deployment& deployment) {
  const std::lock_guard lock(mutex_);
  breaker_.use(deployment.breaker);
  longest_advice_ = deployment.breaker.retry_after_most;
  is_ptu_ = is_known_ptu(deployment);
  if (!is_ptu_) return;
  if (ptu_) ptu_->use(deployment, Clock::now());
  else ptu_.emplace(deployment, Clock::now());
}

Standing Backend::look(const Ask& ask, int weight, TimePoint now) {
  const std::lock_guard lock(mutex_);
  Standing standing;
  standing.is_open_to_calls = !takes_no_call(ask, now);
  if (!standing.is_open_to_calls) {
    standing.why = breaker_.admits(now) ? Closed::throttled : breaker_.why(now);
    return standing;
  }
  standing.is_full = is_ptu_ && ask.uses_model && ask.turn_at != this && !ptu_->has_room(ask.traffic, now);
  if (standing.is_full && ptu_->has_waiters_before(ask.traffic)) {  // nobody overtakes them
    standing.is_open_to_calls = false;
    standing.why = Closed::throttled;
    return standing;
  }
  standing.is_to_be_spared = standing.is_full || breaker_.is_to_be_spared(now);
  const LatencyAverage& latency = latency_of(ask.is_stream);
  standing.seconds = latency.seconds();
  standing.confidence = latency.confidence(now);
  standing.load = 1.0 + static_cast<double>(in_flight_.load(std::memory_order_relaxed)) / weight;
  return standing;
}

TimePoint Backend::free_at(const Ask& ask, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const TimePoint free_at = breaker_.free_at(now);
  const bool is_predicted = is_ptu_ && ask.uses_model && ptu_->is_predictive();
  return is_predicted ? std::max(free_at, ptu_->free_at(ask.traffic, now)) : free_at;
}

// The breaker, or reserved capacity that has refused and said until when. A limit on tokens is no reason to refuse
// what takes none.
bool Backend::takes_no_call(const Ask& ask, TimePoint now) const noexcept {
  if (!ask.uses_model) return !breaker_.admits(now) && !breaker_.is_throttled();
  return !breaker_.admits(now) || (is_ptu_ && ptu_->is_predictive() && now < ptu_->refused_until());
}

void Backend::note_spill(TrafficClass traffic) {
  const std::lock_guard lock(mutex_);
  if (is_ptu_) ptu_->note_spill(traffic);
}

Duration Backend::first_token_percentile(int percent) const {
  const std::lock_guard lock(mutex_);
  return first_tokens_.percentile(percent);
}

BackendNumbers Backend::numbers(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  BackendNumbers out;
  out.state = breaker_.state(now);
  out.why = breaker_.why(now);
  const TimePoint free_at = breaker_.free_at(now);
  if (free_at != no_deadline && free_at > now) out.frees_in = free_at - now;
  out.in_flight = in_flight_.load(std::memory_order_relaxed);
  out.first_token_seconds = streams_.seconds();
  out.opened = breaker_.opened();
  out.results = results_;
  if (is_ptu_) out.ptu = ptu_->numbers(now);
  return out;
}

std::optional<Visit> Visit::begin(Backend& backend, TimePoint now, const Ask& ask, double expected) {
  const std::lock_guard lock(backend.mutex_);
  if (backend.takes_no_call(ask, now)) return std::nullopt;
  std::optional<PtuStay> stay;
  if (backend.is_ptu_ && ask.load) stay = backend.ptu_->admit(*ask.load, now);
  backend.in_flight_.fetch_add(1, std::memory_order_relaxed);
  // What passes a limit by says nothing of it.
  const bool passes_by = !ask.uses_model && backend.breaker_.is_throttled();
  return Visit(backend, ask, expected, passes_by ? Probe{0} : backend.breaker_.enter(now), stay);
}

Visit::Visit(Visit&& other) noexcept
    : backend_(std::exchange(other.backend_, nullptr)), expected_(other.expected_), answered_at_(other.answered_at_),
      probe_(other.probe_), is_stream_(other.is_stream_), uses_model_(other.uses_model_), told_(other.told_), stay_(other.stay_) {}

Visit::~Visit() {
  if (!backend_) return;
  if (told_ != Told::all || stay_) {
    const std::lock_guard lock(backend_->mutex_);
    if (told_ == Told::nothing) backend_->breaker_.on_nothing(probe_);
    if (told_ != Told::all) note(told_ == Told::answered ? Result::good : Result::abandoned);
    leave_ptu({}, Clock::now());
  }
  backend_->in_flight_.fetch_sub(1, std::memory_order_relaxed);
}

// REQUIRES: the lock.
void Visit::leave_ptu(const Usage& usage, TimePoint now) {
  if (stay_ && backend_->is_ptu_) backend_->ptu_->left(*stay_, usage, now);
  stay_.reset();
}

void Visit::used(TimePoint now, const Usage& usage) {
  const std::lock_guard lock(backend_->mutex_);
  if (backend_->is_ptu_) backend_->ptu_->used(usage, now);
}

void Visit::ended(TimePoint now, const Usage& usage, bool is_complete) {
  const bool is_good = is_complete && told_ == Told::answered;
  if (!stay_ && !is_good) return;
  const std::lock_guard lock(backend_->mutex_);
  if (is_good) {
    note(Result::good);
    backend_->breaker_.on_complete();
  }
  leave_ptu(usage, now);
}

void Visit::note(Result result) {
  told_ = Told::all;
  ++backend_->results_[static_cast<std::size_t>(result)];
}

void Visit::answered(TimePoint now, Duration took, bool is_stream, std::optional<double> reported) {
  const std::lock_guard lock(backend_->mutex_);
  told_ = Told::answered;
  answered_at_ = now;
  if (stay_ && backend_->is_ptu_) backend_->ptu_->accepted(*stay_, reported, now);
  backend_->breaker_.on_answer(now, probe_);
  if (!is_stream) backend_->breaker_.on_complete();
  if (!uses_model_) return;  // how quick a model is, stored objects do not tell
  backend_->latency_of(is_stream).see(took, now);
  if (is_stream) backend_->first_tokens_.see(took);
}

void Visit::sent_on(TimePoint now) {
  const std::lock_guard lock(backend_->mutex_);
  told_ = Told::answered;
  answered_at_ = now;
  if (stay_ && backend_->is_ptu_) backend_->ptu_->sent_on(*stay_, now);
  stay_.reset();
  backend_->breaker_.on_answer(now, probe_);
}

void Visit::refused_the_caller(TimePoint now) {
  const std::lock_guard lock(backend_->mutex_);
  note(Result::good);
  leave_ptu(nothing, now);
  backend_->breaker_.on_answer(now, probe_);
  backend_->breaker_.on_complete();
}

bool Visit::failed(TimePoint now, Result how, Duration waited) {
  const std::lock_guard lock(backend_->mutex_);
  note(how);
  see_at_least(waited, now);
  leave_ptu(nothing, now);
  const auto opened = backend_->breaker_.opened();
  backend_->breaker_.on_failure(now, probe_);
  return backend_->breaker_.opened() != opened;
}

void Visit::throttled(TimePoint now, std::chrono::milliseconds advice, int status) {
  const std::lock_guard lock(backend_->mutex_);
  note(Result::throttled);
  const bool is_full = stay_ && backend_->is_ptu_ && status == 429;
  if (is_full) {
    std::optional<Duration> until;
    if (advice.count() >= 0) until = std::min<Duration>(advice, backend_->longest_advice_);
    backend_->ptu_->refused(*stay_, until, now);
    stay_.reset();
  }
  leave_ptu(nothing, now);
  // Predicted capacity says by itself when it takes calls again. How often stored objects may be asked for is another
  // limit than that of the model.
  const bool is_predicted = is_full && backend_->ptu_->is_predictive();
  if (is_predicted || (!uses_model_ && status == 429)) return backend_->breaker_.on_nothing(probe_);
  backend_->breaker_.on_throttled(now, probe_, advice);
}

// REQUIRES: the lock.
void Visit::see_at_least(Duration waited, TimePoint now) {
  if (!uses_model_) return;
  const bool was_slow = backend_->latency_of(is_stream_).see_at_least(waited, expected_, now);
  if (was_slow && is_stream_) backend_->first_tokens_.see(waited);
}

void Visit::given_up(TimePoint now, Duration waited) {
  if (is_told()) return;
  const std::lock_guard lock(backend_->mutex_);
  see_at_least(waited, now);
}

void Visit::broke_off(TimePoint now, Result how) {
  const std::lock_guard lock(backend_->mutex_);
  note(how);
  backend_->breaker_.on_broken(now, probe_, answered_at_);
}

Turn::~Turn() {
  if (!turn_.waiter.is_queued) return;
  const std::lock_guard lock(backend_.mutex_);
  backend_.ptu_->leave(turn_);
}

std::optional<TimePoint> Turn::ask(const Ask& what, TimePoint deadline, TimePoint now) {
  const std::lock_guard lock(backend_.mutex_);
  if (!backend_.is_ptu_ || !what.load) return std::nullopt;
  PtuGate& gate = *backend_.ptu_;
  if (!turn_.waiter.is_queued && !gate.join(turn_, what.traffic, *what.load, deadline, now)) return std::nullopt;
  TimePoint again = now;
  const PtuGate::Turn turn = gate.ask(turn_, now, again);
  has_come_ = turn == PtuGate::Turn::now;
  if (turn == PtuGate::Turn::later) return again;
  return std::nullopt;
}

}  // namespace tollgate::balancer
