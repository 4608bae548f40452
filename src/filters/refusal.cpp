#include "filters/refusal.hpp"

#include "filters/reply.hpp"

#include <utility>

namespace tollgate::filters {

using balancer::Result;
using balancer::Spill;

Spill spill_after(Result result) noexcept {
  switch (result) {
    case Result::throttled: return Spill::throttled;
    case Result::failed: return Spill::failed;
    case Result::timeout: return Spill::timeout;
    case Result::unreachable: return Spill::unreachable;
    case Result::good:
    case Result::abandoned: break;
  }
  return Spill::open;
}

namespace {

std::chrono::milliseconds time_until(const balancer::Candidates::Opening& opening, TimePoint now) {
  // Every probe of a deployment is out: their answers will tell.
  constexpr std::chrono::milliseconds probes_take{1'000};
  if (opening.at == no_deadline) return probes_take;
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(std::max(opening.at - now, Duration::zero()));
  return std::min(time, opening.deployment->breaker.retry_after_most);
}

}  // namespace

void correct_advice(Failure& failure, const balancer::Candidates& candidates, TimePoint now) {
  if (failure.result != Result::throttled) return;
  const auto opening = candidates.opens_first(now);
  if (opening.deployment && !opening.is_any_open) failure.error.retry_after = time_until(opening, now);
}

std::unique_ptr<Failure> nobody_left(const Exchange& ex, const balancer::Candidates& candidates, TimePoint now) {
  auto failure = std::make_unique<Failure>();
  Error& error = failure->error;
  error.kind = ErrorKind::no_deployment;
  error.source = ErrorSource::upstream;
  const auto opening = candidates.opens_first(now);
  if (!opening.deployment) {
    error.source = ErrorSource::gateway;
    error.message = "No deployment serves this request.";
    if (ex.subscription && !ex.subscription->product->residency.is_anywhere() && !candidates.is_any_admitted()) {
      error.kind = ErrorKind::region_not_allowed;
      error.message = "No deployment in the regions that your product allows serves this request.";
    }
    return failure;
  }
  error.retry_after = time_until(opening, now);
  if (ex.pinned) {
    error.message = "What this request refers to is asked for at the resource of `" + ex.pinned->name + "`, which can take no call now.";
  } else {
    const std::string what = ex.model ? "the model `" + ex.model->name + "`" : "this product's home";
    error.message = "No deployment of " + what + " can take a call now.";
  }
  error.message += " `" + opening.deployment->name + "` frees first, in " + std::to_string(error.retry_after.count()) + " ms.";
  error.detail = opening.deployment->name + (opening.why == balancer::Closed::throttled ? " is at its limit" : " is failing") +
                 "; it opens first";
  return failure;
}

awaitable<Outcome> refuse(Exchange& ex, ResponseSink& out, std::unique_ptr<Failure> failure) {
  Error error = std::move(failure->error);
  switch (failure->client_failure) {
    case BodySource::State::ok:
    case BodySource::State::end: break;
    case BodySource::State::client_gone: {
      Outcome outcome;
      outcome.end = End::client_gone;
      outcome.source = ErrorSource::client;
      co_return outcome;
    }
    case BodySource::State::too_large:
      error.kind = ErrorKind::request_too_large;
      error.message = "The request body is larger than this gateway takes (`server.limits.body`).";
      break;
    case BodySource::State::timeout:
      error.kind = ErrorKind::request_timeout;
      error.message = "The request body did not arrive in time.";
      break;
    case BodySource::State::malformed: error.message = "The request body is not framed correctly."; break;
  }
  // It has been tried again already: the client's own tries would only multiply ours.
  error.is_final = error.is_final || ex.attempts > 1;
  co_return co_await reply_error(ex, out, std::move(error));
}

}  // namespace tollgate::filters
