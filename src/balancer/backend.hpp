// One deployment as this process knows it: its breaker, how fast it answers, what is under way.
//
// Outlives the configuration, so a reload forgets nothing.
// Thread safety: any thread; one short lock, never held while something waits.
#pragma once

#include "balancer/breaker.hpp"
#include "balancer/latency.hpp"
#include "balancer/ptu_gate.hpp"
#include "tollgate/config.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace tollgate::balancer {

class Backend;

// What a call will be like, as far as the choice depends on it.
struct Ask {
  TrafficClass traffic = TrafficClass::standard;
  bool is_stream = false;
  std::uint64_t prefix_hash = 0;  // of what the prompt begins with; 0: not known
  bool uses_model = true;         // false: it asks for stored objects; limits on tokens do not hold it back
  std::optional<PtuLoad> load;    // what it will take of reserved capacity; absent: nothing that is known
  const Backend* turn_at = nullptr;  // it waited there, and its turn has come
};

// How a call to a deployment came out.
enum class Result : unsigned char {
  good,       // answered, or refused for what was asked; of an answer the client may not have had all
  throttled,  // 429, or a 503 that says when to come back
  failed,     // 5xx, an answer that is broken or broke off, a wrong key, ...
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
  bool is_full = false;          // because it is reserved capacity that is predicted to have no room
  Closed why = Closed::nothing;  // when it is not open to calls
  double seconds = 0;            // to the first token or the whole answer, of late; 0: not known
  double confidence = 0;         // in that, up to 1
  double load = 1;               // times as long it may take for what is under way
};

// For reports.
struct BackendNumbers {
  BreakerState state = BreakerState::closed;
  Closed why = Closed::nothing;
  Duration frees_in{};           // until it may be called again, when open
  int in_flight = 0;
  double first_token_seconds = 0;  // of streams, of late
  std::uint64_t opened = 0;
  std::array<std::uint64_t, result_count> results{};
  std::optional<PtuNumbers> ptu;  // of reserved capacity
};

class Backend {
 public:
  explicit Backend(const Deployment& deployment);
  Backend(const Backend&) = delete;

  // What a new configuration says of it.
  void use(const Deployment& deployment);

  const std::string& name() const noexcept { return name_; }

  Standing look(const Ask& ask, int weight, TimePoint now);
  TimePoint free_at(const Ask& ask, TimePoint now) const;

  // A call that could have gone here went elsewhere, because it is predicted to be full.
  void note_spill(TrafficClass traffic);

  // What streams' first tokens took: 0 if too few were seen.
  Duration first_token_percentile(int percent) const;

  BackendNumbers numbers(TimePoint now) const;

 private:
  friend class Visit;
  friend class Turn;
  bool takes_no_call(const Ask& ask, TimePoint now) const noexcept;

  const std::string name_;
  mutable std::mutex mutex_;
  Breaker breaker_;
  LatencyAverage& latency_of(bool is_stream) noexcept { return is_stream ? streams_ : others_; }
  LatencyAverage streams_, others_;  // to the first token, and to the whole answer
  FirstTokens first_tokens_;
  std::array<std::uint64_t, result_count> results_{};
  std::atomic<int> in_flight_{0};
  bool is_ptu_ = false;  // reserved capacity of which it is known what its units carry
  std::optional<PtuGate> ptu_;  // stays when it is not that any more: somebody may wait there
  Duration longest_advice_;
};

// A call that waits for room in reserved capacity. Leaves the queue when it is destroyed.
// One thread: it asks when it was told to, nobody wakes it.
class Turn {
 public:
  explicit Turn(Backend& backend) : backend_(backend) {}
  Turn(const Turn&) = delete;
  ~Turn();

  // Nullopt: it does not wait (any more). Otherwise: when to ask again. The first time it joins the queue, if
  // that is worth it.
  std::optional<TimePoint> ask(const Ask& what, TimePoint deadline, TimePoint now);

  // Its turn has come: the call goes in next, whatever the prediction says.
  bool has_come() const noexcept { return has_come_; }

 private:
  Backend& backend_;
  PtuTurn turn_;
  bool has_come_ = false;
};

// A call under way. It counts once, by how it came out in the end; one that is destroyed untold was abandoned.
// One thread.
class Visit {
 public:
  // Empty when the backend takes no call after all. `expected`: seconds that its answer was thought to take; 0: unknown.
  static std::optional<Visit> begin(Backend& backend, TimePoint now, const Ask& ask = {}, double expected = 0);
  Visit(Visit&& other) noexcept;
  Visit& operator=(Visit&&) = delete;
  ~Visit();

  // It answered, `took` after the call began: the first token of a stream, or a whole answer. An answer that is no
  // stream is as good as complete. `reported`: how full
  // reserved capacity said it was, if it did.
  void answered(TimePoint now, Duration took, bool is_stream, std::optional<double> reported = {});
  // The service answered, and it was another deployment that did.
  void sent_on(TimePoint now);
  // It answered that the fault is the caller's.
  void refused_the_caller(TimePoint now);
  // True: that was too much, and it is left alone now. `waited`: since it had the request.
  bool failed(TimePoint now, Result how, Duration waited = {});
  // `advice` < 0: it did not say for how long. `status`: what it answered.
  void throttled(TimePoint now, std::chrono::milliseconds advice, int status = 429);
  // Nobody waits for its answer any longer, `waited` after it had the request. Before it goes, untold.
  void given_up(TimePoint now, Duration waited);
  // It broke off, or was silent for too long, after it had answered.
  void broke_off(TimePoint now, Result how);
  // One answer of a session ended, and this is what it used.
  void used(TimePoint now, const Usage& usage);
  bool is_told() const noexcept { return told_ != Told::nothing; }  // how it came out, or that it has answered
  // It ended, and this is what it used. `is_complete`: with all of its answer.
  void ended(TimePoint now, const Usage& usage, bool is_complete);

 private:
  Visit(Backend& backend, const Ask& ask, double expected, Probe probe, const std::optional<PtuStay>& stay)
      : backend_(&backend), expected_(expected), probe_(probe), is_stream_(ask.is_stream), uses_model_(ask.uses_model), stay_(stay) {}
  void see_at_least(Duration waited, TimePoint now);
  void note(Result result);
  void leave_ptu(const Usage& usage, TimePoint now);

  Backend* backend_;
  enum class Told : unsigned char { nothing, answered, all };
  double expected_;
  TimePoint answered_at_{};
  Probe probe_;
  bool is_stream_;
  bool uses_model_;
  Told told_ = Told::nothing;
  std::optional<PtuStay> stay_;
};

}  // namespace tollgate::balancer
