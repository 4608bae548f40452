// One deployment as this process knows it: its breaker, how fast it answers, what is under way.
//
// Outlives the configuration, so a reload forgets nothing.
// Thread safety: any thread; one short lock, never held while something waits.
#pragma once

#include "balancer/breaker.hpp"
#include "balancer/latency.hpp"
#include "tollgate/config.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace tollgate::balancer {

// What a call will be like, as far as the choice depends on it.
struct Ask {
  TrafficClass traffic = TrafficClass::standard;
  bool is_stream = false;
  std::uint64_t prefix_hash = 0;  // of what the prompt begins with; 0: not known
};

// How a call to a deployment came out.
enum class Result : unsigned char {
  good,       // answered, or refused for what was asked
  throttled,  // 429, or a 503 that says when to come back
  failed,     // 5xx, a broken answer, a wrong key, ...
  timeout,
  unreachable,
  abandoned,  // the client left, or another call was quicker
};
inline constexpr std::size_t result_count = 6;
const char* name_of(Result result) noexcept;

// How it stands, for the choice.
struct Standing {
  bool is_open_to_calls = false;
  bool is_to_be_spared = false;  // rather others, if there are any
  Closed why = Closed::nothing;  // when it is not open to calls
  double cost = 0;               // seconds to wait, roughly; to be compared among equals
};

// For reports.
struct BackendNumbers {
  BreakerState state = BreakerState::closed;
  Closed why = Closed::nothing;
  Duration frees_in{};           // until it may be called again, when open
  int in_flight = 0;
  double first_token_seconds = 0;  // peak average of streams
  std::uint64_t opened = 0;
  std::array<std::uint64_t, result_count> results{};
};

class Backend {
 public:
  explicit Backend(const Deployment& deployment) : name_(deployment.name), breaker_(deployment.breaker) {}
  Backend(const Backend&) = delete;

  // What a new configuration says of it.
  void use(const Deployment& deployment);

  const std::string& name() const noexcept { return name_; }

  Standing look(const Ask& ask, int weight, TimePoint now);
  TimePoint free_at(TimePoint now) const;

  // What streams' first tokens took: 0 if too few were seen.
  Duration first_token_percentile(int percent) const;

  BackendNumbers numbers(TimePoint now) const;

 private:
  friend class Visit;
  // Nullopt: it closed since it was looked at. Else whether the call is a probe.
  std::optional<bool> enter(TimePoint now);

  const std::string name_;
  mutable std::mutex mutex_;
  Breaker breaker_;
  PeakAverage streams_, others_;  // to the first token, and to the whole answer
  FirstTokens first_tokens_;
  std::array<std::uint64_t, result_count> results_{};
  std::atomic<int> in_flight_{0};
};

// A call under way. Says once how it came out; one that is destroyed untold was abandoned.
// One thread.
class Visit {
 public:
  // Empty when the backend takes no call after all.
  static std::optional<Visit> begin(Backend& backend, TimePoint now);
  Visit(Visit&& other) noexcept : backend_(std::exchange(other.backend_, nullptr)), is_probe_(other.is_probe_), is_told_(other.is_told_) {}
  Visit& operator=(Visit&&) = delete;
  ~Visit();

  // It answered, `took` after the call began: the first token of a stream, or a whole answer.
  void answered(TimePoint now, Duration took, bool is_stream);
  // It answered that the fault is the caller's.
  void refused_the_caller(TimePoint now);
  // True: that was too much, and it is left alone now.
  bool failed(TimePoint now, Result how);
  void throttled(TimePoint now, std::chrono::milliseconds advice);
  // It broke off after it had answered.
  void broke_off(TimePoint now);

 private:
  Visit(Backend& backend, bool is_probe) : backend_(&backend), is_probe_(is_probe) {}
  void note(Result result);

  Backend* backend_;
  bool is_probe_;
  bool is_told_ = false;
};

}  // namespace tollgate::balancer
