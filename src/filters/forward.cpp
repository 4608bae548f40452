// The last filter: goes through the deployments that may serve until one does, and relays its answer.
//
// The sink's head() is called only once an attempt has come to where the answer is known to be its own
// (attempt.hpp), so whatever is tried before that is invisible to the client and to the other filters.
#include "balancer/candidates.hpp"
#include "balancer/fleet.hpp"
#include "filters/attempt.hpp"
#include "filters/filters.hpp"
#include "filters/hedge.hpp"
#include "filters/judge.hpp"
#include "filters/ptu_turn.hpp"
#include "filters/refusal.hpp"
#include "filters/resources.hpp"
#include "openai/realtime_events.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tollgate::filters {

namespace {

using balancer::Candidate;
using balancer::Candidates;

// What an exchange may use of its route.
class Allowed final : public balancer::Admission {
 public:
  explicit Allowed(const Exchange& ex) : ex_(ex) {}
  bool may_serve(const Deployment& deployment) const override {
    if (ex_.pinned && !is_same_resource(deployment, *ex_.pinned)) return false;
    return !ex_.subscription || tollgate::may_serve(*ex_.subscription->product, deployment);
  }

 private:
  const Exchange& ex_;
};

// Tells the deployment what each answer of a realtime session used, when it ends.
class SessionUse final : public SinkDecorator {
 public:
  SessionUse(ResponseSink& out, balancer::Visit& visit) : SinkDecorator(out), visit_(visit) {}
  awaitable<Flow> chunk(const Chunk& chunk) override {
    if (chunk.event == "response.done") visit_.used(Clock::now(), openai::read_realtime_event(chunk.data).usage);
    return out_.chunk(chunk);
  }

 private:
  balancer::Visit& visit_;
};

class Forward final : public Filter {
 public:
  Forward(const Config& config, balancer::Fleet& fleet) : judge_(config, fleet), hedge_(config, fleet, judge_), ptu_turns_(config) {
    for (const auto& deployment : config.deployments) backends_.push_back(&fleet.use(*deployment));
  }

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next) const override {
    if (ex.model) ex.deadline = coarse_now() + ex.model->deadline;
    const Allowed allowed(ex);
    const std::vector<RouteStep> pinned = pinned_route(ex);
    Candidates candidates(pinned.empty() ? route_of(ex) : pinned, backends_, ask_of(ex), &allowed);
    if (ptu_turns_.concern(ex)) co_await ptu_turns_.take(ex, candidates);
    std::unique_ptr<Failure> failure;  // on the heap: a stream that runs carries none of it
    while (std::optional<Candidate> candidate = candidates.next(Clock::now())) {
      const std::optional<Outcome> outcome = co_await try_at(ex, out, *candidate, candidates, failure);
      if (outcome) co_return *outcome;
      if (!failure->may_go_on) break;
      candidates.note(spill_after(failure->result));
    }
    if (failure) correct_advice(*failure, candidates, Clock::now());
    else failure = nobody_left(ex, candidates, Clock::now());
    co_return co_await refuse(ex, out, std::move(failure));
  }

 private:
  // No outcome: it did not answer, `failure` says why, and the client knows of nothing.
  awaitable<std::optional<Outcome>> try_at(Exchange& ex, ResponseSink& out, Candidate& candidate, Candidates& candidates,
                                           std::unique_ptr<Failure>& failure) const {
    const Duration slow = hedge_.delay(ex, *candidate.deployment, *backends_[candidate.deployment->index]);
    ex.deployment = candidate.deployment;
    // What an earlier try came to says nothing of this one: it may be left while it is at work.
    ex.upstream_status = 0;
    ex.was_sent = false;
    const bool is_usual = candidate.route_reason == primary_route && ex.attempts == 0;
    if (!is_usual && !ex.pinned) ex.route_reason = candidate.route_reason;
    ++ex.attempts;
    if (slow > Duration::zero()) return hedge_.run(ex, out, candidate, slow, candidates, failure);
    return try_alone(ex, out, candidate, !candidates.has_untried(), failure);
  }

  awaitable<std::optional<Outcome>> try_alone(Exchange& ex, ResponseSink& out, Candidate& candidate, bool is_last,
                                              std::unique_ptr<Failure>& failure) const {
    Attempt attempt(ex, *candidate.deployment, ex.waited_upstream, is_last);
    const Patience patience{attempt, candidate.visit};
    upstream::Problem problem = co_await attempt.begin();
    ex.upstream_status = attempt.status();
    if (problem) {
      failure = judge_.note_failure(ex, attempt, candidate.visit, std::move(problem));
      co_return std::nullopt;
    }
    failure.reset();
    judge_.note_answer(ex, attempt, candidate.visit);
    SessionUse session(out, candidate.visit);
    ResponseSink& told = attempt.is_session() ? session : out;
    const Outcome outcome = co_await attempt.deliver(told);
    judge_.note_end(ex, attempt, outcome, candidate.visit);
    co_return outcome;
  }

  // A call for a stored object goes to where that is, whether or not a route leads there.
  static std::vector<RouteStep> pinned_route(const Exchange& ex) {
    std::vector<RouteStep> route;
    if (ex.pinned && !ex.route.names_model) route.push_back({RouteChoice{ex.pinned}});
    return route;
  }

  static std::span<const RouteStep> route_of(const Exchange& ex) {
    if (ex.model) return ex.model->steps;
    return ex.subscription ? std::span<const RouteStep>(ex.subscription->product->home_route) : std::span<const RouteStep>();
  }

  static balancer::Ask ask_of(const Exchange& ex) {
    balancer::Ask ask;
    ask.traffic = ex.subscription->product->traffic;
    ask.is_stream = ex.is_stream;
    ask.prefix_hash = ex.prefix_hash;
    ask.uses_model = ex.route.names_model;
    return ask;
  }

  static constexpr std::string_view primary_route = "primary";

  std::vector<balancer::Backend*> backends_;  // by deployment
  Judge judge_;
  Hedge hedge_;
  PtuTurns ptu_turns_;
};

}  // namespace

std::shared_ptr<const Filter> make_forward(const Config& config, const Services& services) {
  return std::make_shared<Forward>(config, *services.fleet);
}

}  // namespace tollgate::filters
