#include "credentials/worker_tokens.hpp"

#include "credentials/token_wait.hpp"

#include <utility>

namespace tollgate::credentials {

void WorkerTokens::use(std::shared_ptr<const Config> config, const TokenCells& cells) {
  if (config == now_.config) return;
  before_ = std::move(now_);
  now_ = Snapshot();
  now_.config = std::move(config);
  for (const auto& cell : cells) {
    Seen seen;
    seen.cell = cell;
    now_.seen.push_back(std::move(seen));
  }
}

WorkerTokens::Seen* WorkerTokens::find(const TokenCredential& credential) {
  for (Snapshot* snapshot : {&now_, &before_}) {
    if (credential.index >= snapshot->seen.size()) continue;
    if (snapshot->config->credentials[credential.index].get() == &credential) return &snapshot->seen[credential.index];
  }
  return nullptr;
}

awaitable<WorkerTokens::Found> WorkerTokens::get(const TokenCredential& credential, TimePoint deadline) {
  Found found;
  Seen* seen = find(credential);
  if (!seen) {
    found.problem = "credential " + credential.name + " is of a configuration long gone";
    return found;
  }
  if (seen->generation != seen->cell->generation()) {
    seen->token = std::make_shared<const Token>(*seen->cell->look().token);
    seen->generation = seen->token->serial;
  }
  if (seen->token && seen->token->is_valid(coarse_now())) {
    found.token = seen->token;
    return found;
  }
  return wait_for(seen->cell, deadline);
}

awaitable<WorkerTokens::Found> WorkerTokens::wait_for(std::shared_ptr<TokenCell> cell, TimePoint deadline) {
  Found found;
  cell->numbers().waited.fetch_add(1, std::memory_order_relaxed);
  for (;;) {
    const TokenCell::View view = cell->look();
    const auto now = Clock::now();
    if (view.token && view.token->is_valid(now)) {
      found.token = view.token;
      co_return found;
    }
    const bool is_hopeless = !view.is_fetching && view.next_attempt > deadline;
    if (is_hopeless || now >= deadline) {
      cell->numbers().unavailable.fetch_add(1, std::memory_order_relaxed);
      found.problem = "no token for credential " + cell->name() + ": " +
                      (view.failure.empty() ? "the token endpoint has not answered yet" : view.failure);
      co_return found;
    }
    TokenWait wait(loop_, cell, view.attempts, deadline);
    co_await wait;
  }
}

awaitable<bool> WorkerTokens::renew(const TokenCredential& credential, const Token& refused, std::string claims,
                                    TimePoint deadline) {
  Seen* seen = find(credential);
  if (!seen) return false;
  const auto ticket = seen->cell->renew(refused, std::move(claims), Clock::now());
  if (!ticket) return false;
  return wait_for_another(seen->cell, refused.serial, *ticket, deadline);
}

awaitable<bool> WorkerTokens::wait_for_another(std::shared_ptr<TokenCell> cell, std::uint64_t refused, std::uint64_t ticket,
                                               TimePoint deadline) {
  for (;;) {
    const TokenCell::View view = cell->look();
    if (view.renewed >= ticket) co_return view.token && view.token->serial != refused;
    if (Clock::now() >= deadline) co_return false;
    TokenWait wait(loop_, cell, view.attempts, deadline);
    co_await wait;
  }
}

}  // namespace tollgate::credentials
