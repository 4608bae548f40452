// The door to reserved capacity (PTU): who goes in, who waits for room, and who rather goes elsewhere.
//
// Knows how full it is (ptu_model.hpp), at which line each class of traffic leaves it, and who waits
// (fair_queue.hpp). What calls are charged depends on what calls of the same subscription usually take.
// Pure: the time is given. Thread safety: none; Backend guards it.
#pragma once

#include "balancer/fair_queue.hpp"
#include "balancer/ptu_model.hpp"
#include "tollgate/config.hpp"
#include "tollgate/usage.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>

namespace tollgate::balancer {

const char* name_of(TrafficClass traffic) noexcept;

// What a call will take, as far as it is known before.
struct PtuLoad {
  std::uint64_t flow = 0;          // whose: calls of one subscription have the same
  std::int64_t prompt = 0;         // tokens
  std::int64_t answers = 1;
  std::int64_t answer_bound = -1;  // tokens of each; -1: the call names none
};

// A call that is in.
struct PtuStay {
  PtuCharge charge;
  std::uint64_t flow = 0;
  double prompt = 0;  // of the charge; the rest is the answer's
};

// A call that waits for its turn.
struct PtuTurn {
  Waiter waiter;
  TrafficClass traffic = TrafficClass::standard;
  TimePoint since{}, give_up_at{};
};

// How long calls waited, and how it ended.
struct PtuWaits {
  static constexpr std::array<std::chrono::nanoseconds, 9> bounds{
      std::chrono::milliseconds(5),   std::chrono::milliseconds(10),  std::chrono::milliseconds(25),
      std::chrono::milliseconds(50),  std::chrono::milliseconds(100), std::chrono::milliseconds(250),
      std::chrono::milliseconds(500), std::chrono::seconds(1),        std::chrono::milliseconds(2500)};
  std::array<std::uint64_t, bounds.size() + 1> counts{};
  std::uint64_t sum_ns = 0;
  std::uint64_t gave_up = 0;  // of them: their time was over before their turn
};

// For reports.
struct PtuNumbers {
  double predicted = 0;               // utilisation, 1 is full
  std::optional<double> reported;     // what the service said last; it need not ever
  double tokens_a_minute = 0;         // weighted, as learnt
  double configured_a_minute = 0;     // as units and model promise
  double window_seconds = 0;
  bool is_learnt = false;
  std::array<std::uint64_t, traffic_class_count> spilled{};  // calls that were let go elsewhere
  std::uint64_t sent_on = 0;          // calls that the service let go elsewhere by itself
  std::size_t waiting = 0;
  PtuWaits waits;
};

class PtuGate {
 public:
  // REQUIRES: what a unit carries is known.
  PtuGate(const Deployment& deployment, TimePoint now);

  // What a new configuration says. Other units: what was learnt is forgotten.
  void use(const Deployment& deployment, TimePoint now);

  // Whether calls are let go elsewhere before it refuses.
  bool is_predictive() const noexcept { return spill_.is_predictive; }

  // Whether a call may go in; if not, others are preferred, and it goes in only when there is no other.
  bool has_room(TrafficClass traffic, TimePoint now) const noexcept;

  // Whether others wait who go first.
  bool has_waiters_before(TrafficClass traffic) const noexcept { return !queue_.is_next(newcomer(traffic)); }

  // It refused and said until when; `now` or earlier: it may be asked.
  TimePoint refused_until() const noexcept { return model_.refused_until(); }

  // And when those who wait and go first will be through.
  TimePoint free_at(TrafficClass traffic, TimePoint now) const noexcept;

  PtuStay admit(const PtuLoad& load, TimePoint now);
  // `advice`: for how long; absent: it did not say.
  void refused(const PtuStay& stay, std::optional<Duration> advice, TimePoint now);
  // The service sent it on to another deployment, and does not say when there will be room.
  void sent_on(const PtuStay& stay, TimePoint now);
  void accepted(const PtuStay& stay, std::optional<double> reported, TimePoint now);
  // However it ended; `usage` is what the provider reported, if it did.
  void left(const PtuStay& stay, const Usage& usage, TimePoint now);

  // Beside the calls that were admitted.
  void used(const Usage& usage, TimePoint now) { model_.use(weight_of(usage), now); }

  void note_spill(TrafficClass traffic) noexcept { ++spilled_[static_cast<std::size_t>(traffic)]; }

  // Waits if there is a queue with a place in it, and the turn is likely to come in time. False: it does not.
  bool join(PtuTurn& turn, TrafficClass traffic, const PtuLoad& load, TimePoint deadline, TimePoint now);
  enum class Turn : unsigned char { now, later, never };
  // Whose turn it is goes in next. `ask_again` is set for `later`. REQUIRES: it waits.
  Turn ask(PtuTurn& turn, TimePoint now, TimePoint& ask_again);
  // It does not wait any more. REQUIRES: it waits.
  void leave(PtuTurn& turn) { queue_.leave(turn.waiter); }

  PtuNumbers numbers(TimePoint now) const;

 private:
  // What calls of one subscription usually take.
  struct Habit {
    double answer = 256;     // tokens, of calls that name no bound
    double cached = 0;       // share of the prompt
  };

  static Waiter newcomer(TrafficClass traffic) noexcept;
  double line_of(TrafficClass traffic) const noexcept;
  bool is_below_line(TrafficClass traffic, TimePoint now) const noexcept;
  // When there is room for one who waits, and a little more. REQUIRES: its waiter has its tokens.
  TimePoint room_at(const PtuTurn& turn, TimePoint now) const noexcept;
  Habit& habit_of(std::uint64_t flow);
  PtuStay weigh(const PtuLoad& load);
  double weight_of(const Usage& usage) const noexcept;
  void note_wait(const PtuTurn& turn, TimePoint now);

  double configured_rate_;  // weighted tokens a second
  double answer_weight_;
  SpillRules spill_;
  std::optional<QueueRules> rules_;
  PtuModel model_;
  FairQueue queue_;
  std::unordered_map<std::uint64_t, Habit> habits_;  // by flow; bounded by the subscriptions
  std::optional<double> reported_;
  std::array<std::uint64_t, traffic_class_count> spilled_{};
  std::uint64_t sent_on_ = 0;
  PtuWaits waits_;
};

}  // namespace tollgate::balancer
