// When a stream's first token is slow to come, a second deployment is called beside the first; the first
// meaningful token wins.
// Thread safety: const; what it counts is for all threads.
#pragma once

#include "balancer/fleet.hpp"
#include "filters/contest.hpp"
#include "filters/judge.hpp"
#include "limits/price.hpp"

#include <memory>
#include <vector>

namespace tollgate::filters {

class Hedge {
 public:
  Hedge(const Config& config, balancer::Fleet& fleet, const Judge& judge);

  // How long the first may take until a second is called; zero: there will be none. Asked once a try, for
  // the call is counted to the model's money.
  Duration delay(const Exchange& ex, const Deployment& deployment, const balancer::Backend& first) const;

  // As a plain try at `candidate`, with the next of `candidates` as the second. REQUIRES: delay() > 0.
  awaitable<std::optional<Outcome>> run(Exchange& ex, ResponseSink& out, balancer::Candidate& candidate, Duration delay,
                                        balancer::Candidates& candidates, std::unique_ptr<Failure>& failure) const;

 private:
  struct Pair;
  std::int64_t price_of_prompt(const Exchange& ex, const Deployment& deployment) const;
  std::int64_t dearest_prompt(const Exchange& ex) const;
  void call_second(Exchange& ex, Pair& pair, balancer::Candidates& candidates) const;
  void take_ended(Exchange& ex, Pair& pair, std::unique_ptr<Failure>& failure) const;
  static void note_at_work(Exchange& ex, const Attempt& attempt);
  static void let_go(Exchange& ex, std::unique_ptr<Contender>& loser);

  const Judge& judge_;
  std::vector<balancer::HedgeMoney*> money_;      // by model
  std::vector<limits::DeploymentPrices> prices_;  // by deployment; empty: no model hedges
};

}  // namespace tollgate::filters
