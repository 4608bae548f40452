// The token that proves the gateway to one deployment, while one call to it is made. Deployments with an API
// key need none, and nothing here waits then.
// One thread.
#pragma once

#include "credentials/worker_tokens.hpp"
#include "http/head.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/exchange.hpp"
#include "upstream/call.hpp"

#include <memory>
#include <string_view>

namespace tollgate::filters {

class Bearer {
 public:
  // `waited` gets the time spent waiting for a token. All outlive it.
  Bearer(Exchange& ex, const Deployment& deployment, Duration& waited)
      : ex_(ex), deployment_(deployment), waited_(waited) {}
  Bearer(const Bearer&) = delete;

  // No problem: text() is there. It waits for a first token as long as the deployment may take to connect;
  // without one, another deployment may do better.
  awaitable<upstream::Problem> get();

  // "" for deployments with an API key.
  std::string_view text() const noexcept { return token_ ? std::string_view(token_->text) : std::string_view(); }

  // The deployment has answered 401: true when the call is worth repeating there, with another token. Once.
  awaitable<bool> renew(const http::ResponseHead& refusal);

 private:
  using Found = credentials::WorkerTokens::Found;
  awaitable<upstream::Problem> wait(awaitable<Found> getting);
  upstream::Problem take(Found found);
  awaitable<bool> replace(std::string claims);
  TimePoint deadline() const noexcept;

  Exchange& ex_;
  const Deployment& deployment_;
  Duration& waited_;
  std::shared_ptr<const credentials::Token> token_;
  bool was_renewed_ = false;
};

}  // namespace tollgate::filters
