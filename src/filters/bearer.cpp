#include "filters/bearer.hpp"

#include "base/time_spent.hpp"
#include "credentials/token_answer.hpp"

#include <utility>

namespace tollgate::filters {

TimePoint Bearer::deadline() const noexcept { return Clock::now() + deployment_.timeouts.connect; }

awaitable<upstream::Problem> Bearer::get() {
  if (!deployment_.credential) return upstream::Problem();
  auto getting = ex_.tokens->get(*deployment_.credential, deadline());
  if (!getting.is_ready()) return wait(std::move(getting));
  return take(getting.await_resume());
}

awaitable<upstream::Problem> Bearer::wait(awaitable<Found> getting) {
  const base::TimeSpent spent(waited_);
  Found found = co_await getting;
  co_return take(std::move(found));
}

upstream::Problem Bearer::take(Found found) {
  token_ = std::move(found.token);
  if (token_) return nullptr;
  auto error = std::make_unique<Error>();
  error->kind = ErrorKind::upstream_failed;
  error->source = ErrorSource::gateway;
  error->is_retryable = true;
  error->message = "The gateway cannot prove itself to the model deployment at the moment.";
  error->detail = std::move(found.problem);
  return error;
}

awaitable<bool> Bearer::renew(const http::ResponseHead& refusal) {
  if (!token_ || refusal.status != 401 || std::exchange(was_renewed_, true)) return false;
  const http::Field* challenge = http::find_field(refusal.fields, "www-authenticate");
  return replace(challenge ? credentials::claims_of_challenge(challenge->value) : std::string());
}

awaitable<bool> Bearer::replace(std::string claims) {
  {
    const base::TimeSpent spent(waited_);
    const bool is_another = co_await ex_.tokens->renew(*deployment_.credential, *token_, std::move(claims), deadline());
    if (!is_another) co_return false;
  }
  const upstream::Problem problem = co_await get();
  co_return problem == nullptr;
}

}  // namespace tollgate::filters
