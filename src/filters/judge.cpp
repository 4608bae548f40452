#include "filters/judge.hpp"

#include "filters/resources.hpp"
#include "tollgate/log.hpp"

#include <algorithm>
#include <string_view>

namespace tollgate::filters {

using balancer::Result;

Judge::Judge(const Config& config, balancer::Fleet& fleet) : home_budget_(&fleet.budget_of("")) {
  for (const auto& model : config.models) budgets_.push_back(&fleet.budget_of(model->name));
}

namespace {

// Null: the configuration does not know it.
const Deployment* neighbour_of(const Deployment& deployment, std::string_view name, const Config& config) {
  for (const auto& other : config.deployments) {
    if (other->deployment == name && is_same_resource(*other, deployment)) return other.get();
  }
  return nullptr;
}

}  // namespace

void Judge::note_answer(Exchange& ex, const Attempt& attempt, balancer::Visit& visit) const {
  if (attempt.is_callers_error()) return visit.refused_the_caller(attempt.began_at());
  if (attempt.was_sent_on()) {
    visit.sent_on(attempt.began_at());
    ex.route_reason = "spill:native";
    if (const auto* by = neighbour_of(attempt.deployment(), attempt.sent_on_to(), *ex.config)) ex.deployment = by;
    return budget_of(ex).on_success();
  }
  visit.answered(attempt.began_at(), attempt.time_to_answer(), attempt.is_stream(), attempt.utilization());
  budget_of(ex).on_success();
}

void Judge::note_end(const Exchange& ex, const Attempt& attempt, const Outcome& outcome, balancer::Visit& visit) const {
  const auto now = Clock::now();
  const bool is_our_clock = outcome.error == ErrorKind::deadline_exceeded && now >= ex.deadline;
  const bool is_blameless = attempt.is_blameless();
  if (outcome.end == End::truncated && !is_our_clock && !is_blameless) {
    visit.broke_off(now, outcome.error == ErrorKind::deadline_exceeded ? Result::timeout : Result::failed);
  }
  visit.ended(now, ex.usage, outcome.end == End::complete || is_blameless);
}

std::unique_ptr<Failure> Judge::note_failure(const Exchange& ex, const Attempt& attempt, balancer::Visit& visit,
                                             upstream::Problem problem) const {
  Error& error = *problem;
  auto failure = std::make_unique<Failure>();
  failure->result = attempt.result();
  failure->client_failure = attempt.client_failure();
  const auto now = Clock::now();
  switch (attempt.result()) {
    case Result::good:
      if (attempt.is_callers_error()) visit.refused_the_caller(now);
      break;
    case Result::abandoned: break;  // it was not the deployment
    case Result::throttled: visit.throttled(now, error.retry_after, attempt.status()); break;
    case Result::timeout:
    case Result::unreachable:
      // The model's clock, of which the tries before had their part: it tells nothing of this deployment. One that
      // had all of it and did not begin to answer has failed, or a silent one would never be left alone.
      if (now >= ex.deadline && !attempt.is_first()) break;
      [[fallthrough]];
    case Result::failed:
      if (visit.failed(now, attempt.result(), attempt.time_since_sent())) {
        log::warn("upstream", attempt.deployment().name + " is left alone for a while: " + error.detail);
      }
      failure->may_go_on = budget_of(ex).spend();
  }
  const bool can_be_sent_again = !attempt.has_taken_body();
  failure->may_go_on = failure->may_go_on && error.is_retryable && can_be_sent_again && now < ex.deadline;
  // What is not followed here is not told either.
  error.retry_after = std::min(error.retry_after, attempt.deployment().breaker.retry_after_most);
  failure->error = std::move(error);
  return failure;
}

}  // namespace tollgate::filters
