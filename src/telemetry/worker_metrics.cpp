#include "telemetry/worker_metrics.hpp"

#include "telemetry/exposition.hpp"

#include <charconv>

namespace tollgate::telemetry {

namespace {

constexpr std::size_t max_cached = 32'768;  // combinations; more are found by their labels

std::string status_text(int status) {
  if (status < 100 || status > 599) return "none";
  char digits[4];
  return {digits, std::to_chars(digits, digits + sizeof digits, status).ptr};
}

template <class Named>
std::string_view name_or_empty(const Named* named) {
  return named ? std::string_view(named->name) : std::string_view();
}

std::string request_labels(std::string_view subscription, std::string_view model,
                           std::string_view deployment, std::string_view operation,
                           std::string_view status, std::string_view stream) {
  std::string labels = label("subscription", subscription);
  append_label(labels, "model", model);
  append_label(labels, "deployment", deployment);
  append_label(labels, "operation", operation);
  append_label(labels, "status", status);
  append_label(labels, "stream", stream);
  return labels;
}

std::string token_labels(std::string_view subscription, std::string_view model,
                         std::string_view deployment) {
  std::string labels = label("subscription", subscription);
  append_label(labels, "model", model);
  append_label(labels, "deployment", deployment);
  return labels;
}

std::string latency_labels(std::string_view model, std::string_view deployment,
                           std::string_view operation) {
  std::string labels = label("model", model);
  append_label(labels, "deployment", deployment);
  append_label(labels, "operation", operation);
  return labels;
}

// How many tokens (chunks, when the provider told no usage) came after the first meaningful one.
// Reasoning is paid for as completion but comes before it.
std::int64_t tokens_after_first(const Exchange& ex) {
  if (ex.usage.is_reported) return ex.usage.completion_tokens - ex.usage.reasoning_tokens - 1;
  return static_cast<std::int64_t>(ex.chunks) - 1;
}

void add_tokens(TokenNumbers& tokens, const Usage& usage) {
  auto add = [](Counter& counter, std::int64_t n) {
    if (n > 0) counter.add(static_cast<std::uint64_t>(n));
  };
  add(tokens.prompt, usage.prompt_tokens);
  add(tokens.cached, usage.cached_tokens);
  add(tokens.completion, usage.completion_tokens);
  add(tokens.reasoning, usage.reasoning_tokens);
}

}  // namespace

const char* name_of(HttpError error) noexcept {
  switch (error) {
    case HttpError::malformed: return "malformed";
    case HttpError::header_timeout: return "header_timeout";
    case HttpError::body_timeout: return "body_timeout";
    case HttpError::write_stall: return "write_stall";
    case HttpError::too_large: return "too_large";
    case HttpError::tls: return "tls";
  }
  return "";
}

WorkerMetrics::WorkerMetrics(std::size_t max_series)
    : requests_(max_series, request_labels("other", "other", "other", "other", "other", "other")),
      tokens_(max_series, token_labels("other", "other", "other")),
      latency_(max_series / 10, latency_labels("other", "other", "other")) {}

void WorkerMetrics::on_end(const Exchange& ex, const Outcome& outcome) {
  const Found& found = find_series(ex);
  found.requests->add();
  if (found.is_other) in_other_.add();
  if (ex.usage.is_reported || ex.usage.is_estimated) add_tokens(*found.tokens, ex.usage);
  if (ex.cost > ex.other_cost) found.tokens->cost.add(static_cast<std::uint64_t>(ex.cost - ex.other_cost));
  if (ex.other_cost > 0) add_other_cost(ex);
  observe(*found.latency, ex);

  if (ex.is_stream) streams_ended_[outcome.end].add();
  if (ex.status == 101) sessions_ended_[ex.session.end].add();
  frames_in_.add(ex.session.frames_in);
  frames_out_.add(ex.session.frames_out);
  if (outcome.error != ErrorKind::none)
    errors_[static_cast<std::size_t>(outcome.source)].by_kind[outcome.error].add();
  upstream_calls_.add(static_cast<std::uint64_t>(ex.attempts));
  request_bytes_.add(ex.bytes_in);
  response_bytes_.add(ex.bytes_out);
  chunks_.add(ex.chunks);
}

// It is rare: found by its labels.
void WorkerMetrics::add_other_cost(const Exchange& ex) {
  auto& tokens = tokens_.get(token_labels(name_or_empty(ex.subscription), name_or_empty(ex.model), ex.other->name));
  tokens.numbers.cost.add(static_cast<std::uint64_t>(ex.other_cost));
}

void WorkerMetrics::on_new_config() { cache_.clear(); }

void WorkerMetrics::observe(LatencyNumbers& latency, const Exchange& ex) {
  latency.duration.observe(ex.ended - ex.started);
  latency.overhead.observe(ex.overhead());
  // Without a stream the first byte is nearly the last, and would hide how streams feel.
  bool has_first_token = ex.is_stream && ex.first_token != TimePoint{} && ex.status < 400;
  if (!has_first_token) return;
  latency.first_token.observe(ex.first_token - ex.started);
  if (auto tokens = tokens_after_first(ex); tokens > 0)
    latency.output_token.observe((ex.ended - ex.first_token) / tokens);
}

std::size_t WorkerMetrics::KeyHash::operator()(const Key& key) const noexcept {
  auto mix = [](std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 32);
  };
  std::uint64_t hash = mix(key.rest, reinterpret_cast<std::uintptr_t>(key.subscription));
  hash = mix(hash, reinterpret_cast<std::uintptr_t>(key.model));
  return mix(hash, reinterpret_cast<std::uintptr_t>(key.deployment));
}

const WorkerMetrics::Found& WorkerMetrics::find_series(const Exchange& ex) {
  auto status = ex.status >= 100 && ex.status <= 599 ? static_cast<std::uint32_t>(ex.status) : 0u;
  auto operation = static_cast<std::uint32_t>(ex.route.operation);
  Key key{ex.subscription, ex.model, ex.deployment,
          operation << 16 | status << 1 | std::uint32_t{ex.is_stream}};
  if (auto cached = cache_.find(key); cached != cache_.end()) return cached->second;
  if (cache_.size() >= max_cached) cache_.clear();
  return cache_.emplace(key, find_by_labels(ex)).first->second;
}

WorkerMetrics::Found WorkerMetrics::find_by_labels(const Exchange& ex) {
  auto subscription = name_or_empty(ex.subscription);
  auto model = name_or_empty(ex.model);
  auto deployment = name_or_empty(ex.deployment);
  auto operation = std::string_view(name_of(ex.route.operation));
  auto& requests = requests_.get(request_labels(subscription, model, deployment, operation,
                                                status_text(ex.status),
                                                ex.is_stream ? "true" : "false"));
  auto& tokens = tokens_.get(token_labels(subscription, model, deployment));
  auto& latency = latency_.get(latency_labels(model, deployment, operation));
  bool is_other =
      requests_.is_other(requests) || tokens_.is_other(tokens) || latency_.is_other(latency);
  return {&requests.numbers, &tokens.numbers, &latency.numbers, is_other};
}

}  // namespace tollgate::telemetry
