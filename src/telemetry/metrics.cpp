#include "telemetry/metrics.hpp"

#include "telemetry/exposition.hpp"
#include "telemetry/process_stats.hpp"
#include "telemetry/record_writer.hpp"

#include <map>

namespace tollgate::telemetry {

namespace {

using Type = Exposition::Type;
using Workers = std::vector<const WorkerMetrics*>;

std::int64_t seconds_since_epoch(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// The same series of all workers together, in the order of their labels.
template <class Numbers, class Table>
std::map<std::string_view, std::vector<const Numbers*>> join(const Workers& workers,
                                                             Table WorkerMetrics::*table) {
  std::map<std::string_view, std::vector<const Numbers*>> joined;
  for (const WorkerMetrics* worker : workers)
    for (const auto* series : (worker->*table).all())
      joined[series->labels].push_back(&series->numbers);
  return joined;
}

template <class Number>
auto sum_of(const Workers& workers, Number WorkerMetrics::*number) {
  decltype((workers.front()->*number).value()) sum = 0;
  for (const WorkerMetrics* worker : workers) sum += (worker->*number).value();
  return sum;
}

template <class Numbers, class Member>
void write_histograms(Exposition& out, std::string_view name, std::string_view help,
                      const std::map<std::string_view, std::vector<const Numbers*>>& joined,
                      Member Numbers::*member, std::span<const std::chrono::nanoseconds> limits) {
  out.family(name, Type::histogram, help);
  for (const auto& [labels, shards] : joined) {
    std::array<std::uint64_t, Member::size> counts{};
    std::uint64_t sum_ns = 0;
    std::uint64_t observations = 0;
    for (const Numbers* numbers : shards) {
      const Member& histogram = numbers->*member;
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += histogram.in_bucket(i);
      sum_ns += histogram.sum_ns();
    }
    for (auto count : counts) observations += count;
    // Embeddings have no first token: 20 lines of zeros would say nothing.
    if (observations != 0) out.histogram(labels, limits, counts, sum_ns);
  }
}

}  // namespace

// Reads the shards' own numbers, which only Metrics may see.
struct Metrics::Page {
  const Workers workers;
  Exposition out;

  void counter(std::string_view name, std::string_view help, Counter WorkerMetrics::*number) {
    out.family(name, Type::counter, help);
    out.sample("", sum_of(workers, number));
  }
  void gauge(std::string_view name, std::string_view help, Gauge WorkerMetrics::*number) {
    out.family(name, Type::gauge, help);
    out.sample("", sum_of(workers, number));
  }
  void requests();
  void tokens();
  void costs();
  void latencies();
  void sessions();
  void failures();
  void connections();
};

void Metrics::Page::requests() {
  out.family("tollgate_requests_total", Type::counter, "Requests that have ended.");
  for (const auto& [labels, shards] : join<Counter>(workers, &WorkerMetrics::requests_)) {
    std::uint64_t sum = 0;
    for (const Counter* shard : shards) sum += shard->value();
    out.sample(labels, sum);
  }
  gauge("tollgate_requests_in_flight", "Requests being served now.",
        &WorkerMetrics::requests_in_flight);
  counter("tollgate_request_body_bytes_total", "Bytes of request bodies received.",
          &WorkerMetrics::request_bytes_);
  counter("tollgate_response_body_bytes_total", "Bytes of response bodies delivered.",
          &WorkerMetrics::response_bytes_);
  counter("tollgate_stream_chunks_total", "Server-sent events relayed.", &WorkerMetrics::chunks_);
  counter("tollgate_requests_other_total",
          "Requests with a label set beyond the bound on series, counted under `other`.",
          &WorkerMetrics::in_other_);
}

void Metrics::Page::tokens() {
  static constexpr std::pair<std::string_view, Counter TokenNumbers::*> kinds[] = {
      {"prompt", &TokenNumbers::prompt},
      {"cached", &TokenNumbers::cached},
      {"completion", &TokenNumbers::completion},
      {"reasoning", &TokenNumbers::reasoning}};
  out.family("tollgate_tokens_total", Type::counter,
             "Tokens as the provider reported them; prompt includes cached, completion includes "
             "reasoning.");
  for (const auto& [labels, shards] : join<TokenNumbers>(workers, &WorkerMetrics::tokens_)) {
    for (auto [kind, member] : kinds) {
      std::uint64_t sum = 0;
      for (const TokenNumbers* shard : shards) sum += (shard->*member).value();
      std::string with_kind(labels);
      append_label(with_kind, "kind", kind);
      out.sample(with_kind, sum);
    }
  }
}

void Metrics::Page::costs() {
  out.family("tollgate_cost_dollars_total", Type::counter, "What was served, at the configured prices.");
  for (const auto& [labels, shards] : join<TokenNumbers>(workers, &WorkerMetrics::tokens_)) {
    std::uint64_t nano_dollars = 0;
    for (const TokenNumbers* shard : shards) nano_dollars += shard->cost.value();
    if (nano_dollars != 0) out.sample(labels, static_cast<double>(nano_dollars) / 1e9);
  }
}

void Metrics::Page::latencies() {
  auto joined = join<LatencyNumbers>(workers, &WorkerMetrics::latency_);
  write_histograms(out, "tollgate_time_to_first_token_seconds",
                   "Streams: first byte of the request until the first meaningful token.", joined,
                   &LatencyNumbers::first_token, bounds::first_token);
  write_histograms(out, "tollgate_time_per_output_token_seconds",
                   "Streams: mean time between tokens after the first.", joined,
                   &LatencyNumbers::output_token, bounds::output_token);
  write_histograms(out, "tollgate_request_duration_seconds",
                   "First byte of the request until the end of the response.", joined,
                   &LatencyNumbers::duration, bounds::duration);
  write_histograms(out, "tollgate_gateway_overhead_seconds",
                   "Duration less the time spent waiting for the upstream and for the client.",
                   joined, &LatencyNumbers::overhead, bounds::overhead);
}

void Metrics::Page::sessions() {
  gauge("tollgate_realtime_sessions", "WebSocket sessions open now.", &WorkerMetrics::sessions_open);
  out.family("tollgate_realtime_sessions_ended_total", Type::counter, "WebSocket sessions by how they ended.");
  for (std::size_t i = 1; i < decltype(WorkerMetrics::sessions_ended_)::size; ++i) {
    const auto end = static_cast<SessionEnd>(i);
    std::uint64_t sum = 0;
    for (const WorkerMetrics* worker : workers) sum += worker->sessions_ended_[end].value();
    out.sample(label("end", name_of(end)), sum);
  }
  out.family("tollgate_realtime_frames_total", Type::counter, "WebSocket frames relayed.");
  out.sample(label("direction", "from_client"), sum_of(workers, &WorkerMetrics::frames_in_));
  out.sample(label("direction", "to_client"), sum_of(workers, &WorkerMetrics::frames_out_));
}

void Metrics::Page::failures() {
  // By label text, because two kinds of error may be told with one code.
  std::map<std::string, std::uint64_t> errors;
  for (const WorkerMetrics* worker : workers) {
    for (std::size_t source = 0; source < worker->errors_.size(); ++source) {
      const auto& by_kind = worker->errors_[source].by_kind;
      for (std::size_t kind = 0; kind < by_kind.size; ++kind) {
        auto count = by_kind[static_cast<ErrorKind>(kind)].value();
        if (count == 0) continue;
        std::string labels = label("source", name_of(static_cast<ErrorSource>(source)));
        append_label(labels, "code", code_of(static_cast<ErrorKind>(kind)));
        errors[labels] += count;
      }
    }
  }
  out.family("tollgate_errors_total", Type::counter, "Requests that ended with an error.");
  for (const auto& [labels, count] : errors) out.sample(labels, count);

  out.family("tollgate_streams_ended_total", Type::counter, "Streams by how they ended.");
  for (auto end : {End::complete, End::truncated, End::stopped, End::client_gone, End::refused}) {
    std::uint64_t sum = 0;
    for (const WorkerMetrics* worker : workers) sum += worker->streams_ended_[end].value();
    out.sample(label("end", name_of(end)), sum);
  }

  out.family("tollgate_http_errors_total", Type::counter,
             "Client connections that failed below the level of a request.");
  for (std::size_t i = 0; i < decltype(WorkerMetrics::http_errors)::size; ++i) {
    auto error = static_cast<HttpError>(i);
    std::uint64_t sum = 0;
    for (const WorkerMetrics* worker : workers) sum += worker->http_errors[error].value();
    out.sample(label("kind", name_of(error)), sum);
  }
}

void Metrics::Page::connections() {
  gauge("tollgate_client_connections", "Client connections open now.",
        &WorkerMetrics::client_connections);
  counter("tollgate_client_connections_accepted_total", "Client connections accepted.",
          &WorkerMetrics::connections_accepted);
  counter("tollgate_client_connections_refused_total",
          "Client connections closed at once for want of room.",
          &WorkerMetrics::connections_refused);
  out.family("tollgate_upstream_connections", Type::gauge, "Connections to deployments open now.");
  out.sample(label("state", "busy"), sum_of(workers, &WorkerMetrics::upstream_busy));
  out.sample(label("state", "idle"), sum_of(workers, &WorkerMetrics::upstream_idle));
  counter("tollgate_upstream_connects_total", "Connections to deployments opened.",
          &WorkerMetrics::upstream_connects);
  counter("tollgate_upstream_connect_failures_total",
          "Connections to deployments that could not be opened.",
          &WorkerMetrics::upstream_connect_failures);
  counter("tollgate_upstream_reuses_total", "Calls to deployments on a connection kept open.",
          &WorkerMetrics::upstream_reuses);
  counter("tollgate_upstream_calls_total", "Calls to deployments, repeated ones included.",
          &WorkerMetrics::upstream_calls_);
}

Metrics::Metrics(std::string_view version, std::size_t max_series)
    : version_(version),
      max_series_(max_series),
      started_(std::chrono::system_clock::now()),
      last_reload_seconds_(seconds_since_epoch(started_)) {}

WorkerMetrics& Metrics::add_worker() {
  std::lock_guard lock(mutex_);
  return *workers_.emplace_back(std::make_unique<WorkerMetrics>(max_series_));
}

void Metrics::on_config_reload(bool is_ok) {
  if (!is_ok) {
    reloads_failed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  reloads_ok_.fetch_add(1, std::memory_order_relaxed);
  last_reload_seconds_.store(seconds_since_epoch(std::chrono::system_clock::now()),
                             std::memory_order_relaxed);
}

std::vector<const WorkerMetrics*> Metrics::workers() const {
  std::lock_guard lock(mutex_);
  std::vector<const WorkerMetrics*> list;
  for (const auto& worker : workers_) list.push_back(worker.get());
  return list;
}

std::string Metrics::render() const {
  Page page{workers(), {}};
  Exposition& out = page.out;
  page.requests();
  page.tokens();
  page.costs();
  page.latencies();
  page.sessions();
  page.failures();
  page.connections();

  out.family("tollgate_config_reloads_total", Type::counter,
             "Attempts to load the configuration again.");
  out.sample(label("result", "ok"), reloads_ok_.load(std::memory_order_relaxed));
  out.sample(label("result", "failed"), reloads_failed_.load(std::memory_order_relaxed));
  out.family("tollgate_config_last_reload_success_timestamp_seconds", Type::gauge,
             "When the configuration in use was loaded.");
  out.sample("", last_reload_seconds_.load(std::memory_order_relaxed));

  out.family("tollgate_records_written_total", Type::counter, "Access records written.");
  out.sample("", records_ ? records_->written() : std::uint64_t{0});
  out.family("tollgate_records_dropped_total", Type::counter,
             "Access records lost because the buffer was full.");
  out.sample("", records_ ? records_->dropped() : std::uint64_t{0});
  out.family("tollgate_record_write_failures_total", Type::counter,
             "Failed attempts to write access records; each is repeated.");
  out.sample("", records_ ? records_->write_failures() : std::uint64_t{0});

  out.family("tollgate_build_info", Type::gauge, "Always 1; the label says what runs.");
  out.sample(label("version", version_), std::uint64_t{1});

  ProcessStats process = read_process_stats();
  out.family("process_cpu_seconds_total", Type::counter, "User and system CPU time.");
  out.sample("", process.cpu_seconds);
  out.family("process_resident_memory_bytes", Type::gauge, "Resident memory.");
  out.sample("", process.resident_bytes);
  out.family("process_open_fds", Type::gauge, "Open file descriptors.");
  out.sample("", process.open_fds);
  out.family("process_max_fds", Type::gauge, "Limit on open file descriptors.");
  out.sample("", process.max_fds);
  out.family("process_start_time_seconds", Type::gauge, "When the process started.");
  out.sample("", seconds_since_epoch(started_));
  return out.take();
}

}  // namespace tollgate::telemetry
