// What is told when no deployment has served a call.
#pragma once

#include "balancer/candidates.hpp"
#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/response_sink.hpp"

#include <memory>

namespace tollgate::filters {

// How the last try failed.
struct Failure {
  Error error;
  balancer::Result result = balancer::Result::good;
  BodySource::State client_failure = BodySource::State::ok;
  bool may_go_on = true;  // another deployment may be tried
};

// Why the next one is asked.
balancer::Spill spill_after(balancer::Result result) noexcept;

// Nothing was tried: every deployment of the route is closed, or there is none. Says who opens first,
// and when.
std::unique_ptr<Failure> nobody_left(const Exchange& ex, const balancer::Candidates& candidates, TimePoint now);

// The last one tried said when to come back. Where all are closed now, the one that opens first counts instead.
void correct_advice(Failure& failure, const balancer::Candidates& candidates, TimePoint now);

awaitable<Outcome> refuse(Exchange& ex, ResponseSink& out, std::unique_ptr<Failure> failure);

}  // namespace tollgate::filters
