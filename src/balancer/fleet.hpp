// All deployments as this process knows them, and what each model may still try again.
//
// Outlives the configuration: what is known of a deployment stays while its name, endpoint and Azure
// name stay the same.
// Thread safety: any thread. References stay valid for the process's life.
#pragma once

#include "balancer/backend.hpp"
#include "balancer/hedge_money.hpp"
#include "balancer/retry_budget.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace tollgate::balancer {

class Fleet {
 public:
  // Makes it when it is new, and hands it what the configuration says now.
  Backend& use(const Deployment& deployment);
  RetryBudget& budget_of(const std::string& model);
  HedgeMoney& hedge_money_of(const std::string& model);

  // Null: no configuration had it yet.
  const Backend* find(const Deployment& deployment) const;

 private:
  static std::string key_of(const Deployment& deployment);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Backend>> backends_;
  std::unordered_map<std::string, std::unique_ptr<RetryBudget>> budgets_;
  std::unordered_map<std::string, std::unique_ptr<HedgeMoney>> hedges_;
};

}  // namespace tollgate::balancer
