// The deployments that may serve one exchange, one after the other: step by step, the best of a step
// first, each once.
//
// Chooses and never sends. Small: it stays for as long as the exchange.
// One thread; what it looks at is shared.
#pragma once

#include "balancer/backend.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace tollgate::balancer {

// By Deployment::index; of one configuration.
using Backends = std::vector<Backend*>;

// Why a call went on to the next deployment; part of x-tollgate-route.
enum class Spill : unsigned char { none, full, throttled, failed, timeout, unreachable, open };

struct Candidate {
  const Deployment* deployment;
  Visit visit;                    // has begun
  std::string_view route_reason;  // static text: "primary", "spill:429", ...
};

// Who may serve: a rule beside what the route says.
class Admission {
 public:
  virtual ~Admission() = default;
  virtual bool may_serve(const Deployment& deployment) const = 0;
};

class Candidates {
 public:
  // All that is given outlives it. `only`: null, or what a deployment has to pass.
  Candidates(std::span<const RouteStep> route, const Backends& backends, const Ask& ask, const Admission* only = nullptr)
      : route_(route), backends_(backends), only_(only), ask_(ask) {}

  // Nullopt: nobody (else) can take the call.
  std::optional<Candidate> next(TimePoint now);

  // Reserved capacity that has no room now and that somebody may wait for (Turn), if the alternative is one that is
  // paid by the token, or there is none. Null: there is nothing to wait for. REQUIRES: nothing has been tried.
  Backend* worth_waiting_for(TimePoint now) const;

  // What the call will take of reserved capacity; before next().
  void weigh(const PtuLoad& load) noexcept { ask_.load = load; }

  // It waited there, and its turn has come.
  void take_turn_at(const Backend& backend) noexcept { ask_.turn_at = &backend; }
  const Ask& ask() const noexcept { return ask_; }

  // Why the last one did not do, for the reason of the next.
  void note(Spill why) noexcept { spill_ = why; }

  // Whether any deployment of the route is left that was not tried, open or not.
  bool has_untried() const noexcept;

  // Of those that are closed: who opens first, and when; null: none was closed.
  struct Opening {
    const Deployment* deployment = nullptr;
    TimePoint at = no_deadline;
    Closed why = Closed::nothing;
    bool is_any_open = false;  // whether another one takes calls now
  };
  Opening opens_first(TimePoint now) const;

  // Whether any deployment of the route passes `only`.
  bool is_any_admitted() const;

 private:
  struct Found {
    const RouteChoice* choice;
    int ordinal;  // its place in the whole route
    Standing standing;
    double expected = 0;  // seconds to its answer, as far as it or its equals are known
    double cost = 0;      // seconds to wait, roughly; to be compared among equals
  };
  using Step = std::vector<Found>;

  std::optional<Candidate> enter(const Found& found, bool is_first_step, TimePoint now);
  std::optional<Candidate> take(Step& open, bool is_first_step, TimePoint now);
  static void weigh_up(Step& open) noexcept;
  const Found& best_of(const Step& open) const;
  const Found& home_of_prefix(const Step& open) const;
  bool is_admitted(const Deployment& deployment) const { return !only_ || only_->may_serve(deployment); }

  std::span<const RouteStep> route_;
  const Backends& backends_;
  const Admission* only_;
  Ask ask_;
  std::uint32_t tried_ = 0;  // bits, by ordinal
  Spill spill_ = Spill::none;
  Backend* full_ = nullptr;  // it would have gone there, but for the prediction
  bool is_spill_told_ = false;
};

// The text of x-tollgate-route for a call that did not go to where it would have gone first.
std::string_view reason_of(Spill spill) noexcept;

}  // namespace tollgate::balancer
