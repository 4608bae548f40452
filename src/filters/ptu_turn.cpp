#include "filters/ptu_turn.hpp"

#include "base/time_spent.hpp"
#include "filters/prompt_count.hpp"
#include "net/loop.hpp"
#include "openai/request_scan.hpp"

#include <functional>
#include <string>

namespace tollgate::filters {

PtuTurns::PtuTurns(const Config& config) {
  for (const auto& model : config.models) {
    Route& route = routes_.emplace_back();
    route.rules = prompt_rules_for(config, *model);
    for (const RouteStep& step : model->steps) {
      for (const RouteChoice& choice : step) {
        const bool is_ptu = choice.deployment->kind == DeploymentKind::ptu && choice.deployment->unit.input_a_minute > 0;
        route.has_ptu = route.has_ptu || is_ptu;
        route.has_queue = route.has_queue || (is_ptu && choice.deployment->queue);
      }
    }
  }
  for (const auto& subscription : config.subscriptions) flows_.push_back(std::hash<std::string>{}(subscription->name));
}

bool PtuTurns::concern(const Exchange& ex) const noexcept {
  return has_tokens(ex) && routes_[ex.model->index].has_ptu;
}

// Most prompts are short and most routes have no queue: then nothing is waited for.
awaitable<void> PtuTurns::take(Exchange& ex, balancer::Candidates& candidates) const {
  if (ex.prompt_estimate < 0 && !count_short_prompt(ex, routes_[ex.model->index].rules)) return count_and_enter(ex, candidates);
  return enter(ex, candidates);
}

awaitable<void> PtuTurns::count_and_enter(Exchange& ex, balancer::Candidates& candidates) const {
  co_await count_prompt(ex, routes_[ex.model->index].rules);
  co_await enter(ex, candidates);
}

awaitable<void> PtuTurns::enter(Exchange& ex, balancer::Candidates& candidates) const {
  candidates.weigh(load_of(ex));
  return routes_[ex.model->index].has_queue ? wait(ex, candidates) : done();
}

balancer::PtuLoad PtuTurns::load_of(const Exchange& ex) const {
  balancer::PtuLoad load;
  load.flow = flows_[ex.subscription->index];
  load.prompt = ex.prompt_estimate;
  load.answers = ex.facts->n;
  load.answer_bound = ex.answer_cap >= 0 ? ex.answer_cap : ex.facts->max_tokens;
  if (ex.route.operation == Operation::embeddings) load.answer_bound = 0;
  return load;
}

awaitable<void> PtuTurns::wait(Exchange& ex, balancer::Candidates& candidates) const {
  const TimePoint began = Clock::now();
  balancer::Backend* const full = candidates.worth_waiting_for(began);
  if (!full) co_return;
  const base::TimeSpent spent(ex.waited_upstream);
  balancer::Turn turn(*full);
  TimePoint now = began;
  while (const auto again = turn.ask(candidates.ask(), ex.deadline, now)) {
    net::Sleep until(ex.loop, *again);
    co_await until;
    now = Clock::now();
  }
  if (!turn.has_come()) co_return;
  candidates.take_turn_at(*full);
  if (now > began) ex.route_reason = "waited";
}

}  // namespace tollgate::filters
