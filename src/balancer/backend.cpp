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

void Backend::use(const Deployment& deployment) {
  const std::lock_guard lock(mutex_);
  breaker_.use(deployment.breaker);
}

Standing Backend::look(const Ask& ask, int weight, TimePoint now) {
  const std::lock_guard lock(mutex_);
  Standing standing;
  standing.is_open_to_calls = breaker_.admits(now);
  if (!standing.is_open_to_calls) {
    standing.why = breaker_.why(now);
    return standing;
  }
  standing.is_to_be_spared = breaker_.is_to_be_spared(now);
  const double share = static_cast<double>(in_flight_.load(std::memory_order_relaxed)) / weight;
  standing.cost = (ask.is_stream ? streams_ : others_).at(now) * (1.0 + share);
  return standing;
}

TimePoint Backend::free_at(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return breaker_.free_at(now);
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
  out.first_token_seconds = streams_.at(now);
  out.opened = breaker_.opened();
  out.results = results_;
  return out;
}

std::optional<bool> Backend::enter(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (!breaker_.admits(now)) return std::nullopt;
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  return breaker_.enter(now);
}

std::optional<Visit> Visit::begin(Backend& backend, TimePoint now) {
  const std::optional<bool> is_probe = backend.enter(now);
  if (!is_probe) return std::nullopt;
  return Visit(backend, *is_probe);
}

Visit::~Visit() {
  if (!backend_) return;
  if (!is_told_) {
    const std::lock_guard lock(backend_->mutex_);
    backend_->breaker_.on_nothing(is_probe_);
    note(Result::abandoned);
  }
  backend_->in_flight_.fetch_sub(1, std::memory_order_relaxed);
}

void Visit::note(Result result) {
  is_told_ = true;
  ++backend_->results_[static_cast<std::size_t>(result)];
}

void Visit::answered(TimePoint now, Duration took, bool is_stream) {
  const std::lock_guard lock(backend_->mutex_);
  note(Result::good);
  backend_->breaker_.on_success(now, is_probe_);
  (is_stream ? backend_->streams_ : backend_->others_).see(took, now);
  if (is_stream) backend_->first_tokens_.see(took);
}

void Visit::refused_the_caller(TimePoint now) {
  const std::lock_guard lock(backend_->mutex_);
  note(Result::good);
  backend_->breaker_.on_success(now, is_probe_);
}

bool Visit::failed(TimePoint now, Result how) {
  const std::lock_guard lock(backend_->mutex_);
  note(how);
  const auto opened = backend_->breaker_.opened();
  backend_->breaker_.on_failure(now, is_probe_);
  return backend_->breaker_.opened() != opened;
}

void Visit::throttled(TimePoint now, std::chrono::milliseconds advice) {
  const std::lock_guard lock(backend_->mutex_);
  note(Result::throttled);
  backend_->breaker_.on_throttled(now, is_probe_, advice);
}

void Visit::broke_off(TimePoint now) {
  const std::lock_guard lock(backend_->mutex_);
  ++backend_->results_[static_cast<std::size_t>(Result::failed)];
  backend_->breaker_.on_failure(now, false);
}

}  // namespace tollgate::balancer
