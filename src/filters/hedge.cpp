#include "filters/hedge.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::filters {

Hedge::Hedge(const Config& config, balancer::Fleet& fleet, const Judge& judge) : judge_(judge) {
  bool is_used = false;
  for (const auto& model : config.models) {
    money_.push_back(&fleet.hedge_money_of(model->name));
    is_used = is_used || model->hedge;
  }
  if (!is_used) return;
  for (const auto& deployment : config.deployments) prices_.emplace_back(config, *deployment);
}

Duration Hedge::delay(const Exchange& ex, const Deployment& deployment, const balancer::Backend& first) const {
  const bool is_possible = ex.model && ex.model->hedge && ex.is_stream && ex.attempts == 0 && ex.body.is_whole() && !ex.pinned;
  if (!is_possible) return Duration::zero();
  money_[ex.model->index]->on_first(price_of_prompt(ex, deployment), ex.model->hedge->cost_percent);
  const Duration usual = first.first_token_percentile(ex.model->hedge->percent);
  return usual == Duration::zero() ? usual : std::max<Duration>(usual, ex.model->hedge->least);
}

// Without prices a token stands for a coin of its own. Never nothing: what costs nothing has a share too.
std::int64_t Hedge::price_of_prompt(const Exchange& ex, const Deployment& deployment) const {
  const auto tokens = std::max<std::int64_t>(1, ex.prompt_estimate);
  const auto rates = prices_[deployment.index].at(ex.started_wall, tokens, false);
  return rates.is_priced ? std::max<std::int64_t>(1, limits::prompt_cost(rates, tokens)) : tokens;
}

// Who the second is, is known only once it is chosen, and then it is called.
std::int64_t Hedge::dearest_prompt(const Exchange& ex) const {
  std::int64_t most = 0;
  for (const RouteStep& step : ex.model->steps) {
    for (const RouteChoice& choice : step) most = std::max(most, price_of_prompt(ex, *choice.deployment));
  }
  return most;
}

// The two, and who of them is still at it.
struct Hedge::Pair {
  explicit Pair(Exchange& exchange) : ex(exchange) {}
  Pair(const Pair&) = delete;
  ~Pair();
  Duration waited_by_each() const noexcept { return first_waited + second_waited; }

  Exchange& ex;
  const TimePoint began = Clock::now();
  std::coroutine_handle<> waiting;
  Duration first_waited{}, second_waited{};  // not the exchange's: they overlap
  Duration waited_at_win{};                  // by each, until it was known who is quicker
  std::unique_ptr<Contender> first, second;
  std::unique_ptr<Contender> winner;
};

// However it ends, also when the client has left.
Hedge::Pair::~Pair() {
  ex.waited_upstream += winner ? waited_by_each() - waited_at_win : Clock::now() - began;
  // Left while both are at it: what each has read of the prompt is paid for.
  if (!first || !second || !second->attempt().was_reached()) return;
  (first->attempt().was_reached() ? ex.other : ex.deployment) = &second->attempt().deployment();
}

awaitable<std::optional<Outcome>> Hedge::run(Exchange& ex, ResponseSink& out, balancer::Candidate& candidate, Duration delay,
                                             balancer::Candidates& candidates, std::unique_ptr<Failure>& failure) const {
  Pair pair(ex);
  pair.first = std::make_unique<Contender>(ex, std::move(candidate), pair.first_waited);
  pair.first->start(&pair.waiting);
  if (!pair.first->has_ended()) {
    EndOrTime slow(ex.loop, pair.waiting, pair.began + delay);
    co_await slow;
  }
  if (!pair.first->has_ended()) call_second(ex, pair, candidates);
  for (;;) {
    take_ended(ex, pair, failure);
    if (pair.winner || (!pair.first && !pair.second)) break;
    EndOrTime one(ex.loop, pair.waiting, no_deadline);
    co_await one;
  }
  if (!pair.winner) co_return std::nullopt;
  // From here on it is the exchange's own waiting again.
  ex.waited_upstream += Clock::now() - pair.began;
  pair.waited_at_win = pair.waited_by_each();
  failure.reset();
  Attempt& attempt = pair.winner->attempt();
  balancer::Visit& visit = pair.winner->candidate().visit;
  ex.deployment = &attempt.deployment();
  judge_.note_answer(ex, attempt, visit);
  const Outcome outcome = co_await attempt.deliver(out);
  judge_.note_end(ex, attempt, outcome, visit);
  co_return outcome;
}

void Hedge::call_second(Exchange& ex, Pair& pair, balancer::Candidates& candidates) const {
  balancer::HedgeMoney& money = *money_[ex.model->index];
  const std::int64_t most = dearest_prompt(ex);
  if (!money.take(most)) return;
  std::optional<balancer::Candidate> other = candidates.next(Clock::now());
  if (!other) return money.give_back(most);
  money.give_back(most - price_of_prompt(ex, *other->deployment));
  money.on_second();
  ++ex.attempts;
  pair.second = std::make_unique<Contender>(ex, std::move(*other), pair.second_waited);
  pair.second->start(&pair.waiting);
}

// Whoever has ended is the winner, or has failed and is gone.
void Hedge::take_ended(Exchange& ex, Pair& pair, std::unique_ptr<Failure>& failure) const {
  for (auto* side : {&pair.first, &pair.second}) {
    if (pair.winner || !*side || !(*side)->has_ended()) continue;
    const bool is_second = side == &pair.second;
    upstream::Problem problem = (*side)->take_problem();
    if (problem) {
      ex.deployment = &(*side)->attempt().deployment();
      ex.upstream_status = (*side)->attempt().status();
      failure = judge_.note_failure(ex, (*side)->attempt(), (*side)->candidate().visit, std::move(problem));
      side->reset();
      if (const Contender* other = (is_second ? pair.first : pair.second).get()) note_at_work(ex, other->attempt());
      continue;
    }
    if (is_second) {
      ex.route_reason = "hedge";
      money_[ex.model->index]->on_won();
    }
    pair.winner = std::move(*side);
    let_go(ex, is_second ? pair.first : pair.second);
  }
}

// It is the last one now, and may be left while it is at work.
void Hedge::note_at_work(Exchange& ex, const Attempt& attempt) {
  ex.deployment = &attempt.deployment();
  ex.upstream_status = 0;
  ex.was_sent = attempt.was_reached();
}

// What it has read of the prompt is paid for all the same.
void Hedge::let_go(Exchange& ex, std::unique_ptr<Contender>& loser) {
  if (!loser) return;
  if (loser->attempt().was_reached()) ex.other = &loser->attempt().deployment();
  loser.reset();
}

}  // namespace tollgate::filters
