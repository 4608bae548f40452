// What came of an attempt, told to whom it concerns: the deployment's breaker, the retry budget, the log,
// and whether another deployment is asked.
// Thread safety: const; the fleet that it tells is for all threads.
#pragma once

#include "balancer/fleet.hpp"
#include "filters/attempt.hpp"
#include "filters/refusal.hpp"

#include <memory>
#include <vector>

namespace tollgate::filters {

class Judge {
 public:
  Judge(const Config& config, balancer::Fleet& fleet);

  // It came to where the client may be told. If it was another deployment that answered, the exchange is that one's.
  void note_answer(Exchange& ex, const Attempt& attempt, balancer::Visit& visit) const;

  // And to its end, after note_answer().
  void note_end(const Exchange& ex, const Attempt& attempt, const Outcome& outcome, balancer::Visit& visit) const;

  std::unique_ptr<Failure> note_failure(const Exchange& ex, const Attempt& attempt, balancer::Visit& visit,
                                        upstream::Problem problem) const;

 private:
  balancer::RetryBudget& budget_of(const Exchange& ex) const { return ex.model ? *budgets_[ex.model->index] : *home_budget_; }

  std::vector<balancer::RetryBudget*> budgets_;  // by model
  balancer::RetryBudget* home_budget_;           // of calls that name no model
};

}  // namespace tollgate::filters
