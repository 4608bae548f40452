// What one worker counts.
//
// Thread safety: written by the owning worker alone, without locks; read by the scraper at any time
// (see counter.hpp and series_table.hpp). on_end() of a combination of labels seen before takes no
// lock and allocates nothing, except for a call that was hedged.
// What must stay true: every label value comes from the configuration or from a fixed list, never
// from what a client sent, so the number of series is bounded by the configuration.
#pragma once

#include "telemetry/counter.hpp"
#include "telemetry/series_table.hpp"

#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace tollgate::telemetry {

// How a client's connection failed below the level of a request.
enum class HttpError : unsigned char {
  malformed,       // not HTTP/1.1, or a smuggling attempt
  header_timeout,  // the head was not complete in time
  body_timeout,    // the body was not complete in time
  write_stall,     // the client took no bytes for too long
  too_large,       // head or body beyond its limit
  tls,             // the handshake failed
};
const char* name_of(HttpError error) noexcept;

namespace bounds {
using namespace std::chrono_literals;
inline constexpr Bounds<17> first_token{10ms, 25ms, 50ms, 100ms, 150ms, 200ms, 300ms, 500ms, 750ms,
                                        1s,   1500ms, 2s, 3s,   5s,    10s,   30s,   60s};
inline constexpr Bounds<14> output_token{1ms,  2ms,  5ms,   10ms,  15ms,  20ms,  30ms,
                                         40ms, 60ms, 100ms, 200ms, 500ms, 1s,    5s};
inline constexpr Bounds<17> duration{5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s,  2s,
                                     5s,  10s,  20s,  30s,  60s,   120s,  300s,  600s};
inline constexpr Bounds<15> overhead{10us,  20us,  30us, 50us, 75us, 100us, 150us, 250us,
                                     500us, 1ms,   2ms,  5ms,  10ms, 50ms,  250ms};
}  // namespace bounds

struct TokenNumbers {
  Counter prompt, cached, completion, reasoning;
  Counter cost;  // nano-dollars
};

struct LatencyNumbers {
  Histogram<bounds::first_token> first_token;
  Histogram<bounds::output_token> output_token;
  Histogram<bounds::duration> duration;
  Histogram<bounds::overhead> overhead;
};

class alignas(64) WorkerMetrics {  // a cache line of its own: workers must not slow each other
 public:
  explicit WorkerMetrics(std::size_t max_series);
  WorkerMetrics(const WorkerMetrics&) = delete;

  // The exchange has ended; ex.ended is set.
  void on_end(const Exchange& ex, const Outcome& outcome);

  // The worker is about to use another configuration. REQUIRES: called before the first exchange of
  // the new one, because its objects may have the addresses of those of a configuration long gone.
  void on_new_config();

  Gauge requests_in_flight;
  Gauge client_connections;
  Gauge sessions_open;  // WebSockets
  Counter connections_accepted;
  Counter connections_refused;  // beyond connections_per_worker, or out of descriptors
  CounterOf<HttpError, HttpError::tls> http_errors;

  Gauge upstream_busy;  // connections with a call on them
  Gauge upstream_idle;  // connections kept for reuse
  Counter upstream_connects;  // opened
  Counter upstream_connect_failures;
  Counter upstream_reuses;  // calls that found an idle connection

 private:
  friend class Metrics;
  using RequestTable = SeriesTable<Counter>;
  using TokenTable = SeriesTable<TokenNumbers>;
  using LatencyTable = SeriesTable<LatencyNumbers>;

  struct Key {
    const Subscription* subscription;
    const Model* model;
    const Deployment* deployment;
    std::uint32_t rest;  // operation, status and stream, packed
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Found {
    Counter* requests;
    TokenNumbers* tokens;
    LatencyNumbers* latency;
    bool is_other;
  };

  const Found& find_series(const Exchange& ex);
  Found find_by_labels(const Exchange& ex);
  void add_other_cost(const Exchange& ex);
  static void observe(LatencyNumbers& latency, const Exchange& ex);

  RequestTable requests_;
  TokenTable tokens_;
  LatencyTable latency_;
  std::unordered_map<Key, Found, KeyHash> cache_;
  Counter in_other_;  // requests counted under `other` because a table was full

  CounterOf<End, End::refused> streams_ended_;
  CounterOf<SessionEnd, SessionEnd::drained> sessions_ended_;
  Counter frames_in_;
  Counter frames_out_;
  struct ErrorsOfSource {
    CounterOf<ErrorKind, ErrorKind::deadline_exceeded> by_kind;
  };
  std::array<ErrorsOfSource, 4> errors_;  // indexed by ErrorSource
  Counter upstream_calls_;
  Counter request_bytes_;
  Counter response_bytes_;
  Counter chunks_;
};

}  // namespace tollgate::telemetry
