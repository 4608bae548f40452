// What a call has to do with reserved capacity before it goes anywhere: it is weighed, and may wait a
// little for room.
// Thread safety: const.
#pragma once

#include "balancer/candidates.hpp"
#include "openai/prompt_tokens.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/exchange.hpp"

#include <cstdint>
#include <vector>

namespace tollgate::filters {

class PtuTurns {
 public:
  explicit PtuTurns(const Config& config);

  // Whether the exchange takes tokens, and its route has reserved capacity on it.
  bool concern(const Exchange& ex) const noexcept;

  // Tells the candidates what it will take of it, and waits for room, if the deployment has a queue and that
  // is worth it. Counts the prompt, unless that has been done. REQUIRES: concern(ex).
  awaitable<void> take(Exchange& ex, balancer::Candidates& candidates) const;

 private:
  awaitable<void> count_and_enter(Exchange& ex, balancer::Candidates& candidates) const;
  awaitable<void> enter(Exchange& ex, balancer::Candidates& candidates) const;
  balancer::PtuLoad load_of(const Exchange& ex) const;
  awaitable<void> wait(Exchange& ex, balancer::Candidates& candidates) const;

  struct Route {
    bool has_ptu = false;
    bool has_queue = false;
    openai::PromptRules rules{};
  };
  std::vector<Route> routes_;         // by model
  std::vector<std::uint64_t> flows_;  // by subscription
};

}  // namespace tollgate::filters
