#include "balancer/fleet.hpp"

namespace tollgate::balancer {

std::string Fleet::key_of(const Deployment& deployment) {
  return deployment.name + "\n" + deployment.endpoint.authority + deployment.endpoint.base_path + "\n" + deployment.deployment;
}

Backend& Fleet::use(const Deployment& deployment) {
  const std::lock_guard lock(mutex_);
  auto& backend = backends_[key_of(deployment)];
  if (backend) {
    backend->use(deployment);
  } else {
    backend = std::make_unique<Backend>(deployment);
  }
  return *backend;
}

RetryBudget& Fleet::budget_of(const std::string& model) {
  const std::lock_guard lock(mutex_);
  auto& budget = budgets_[model];
  if (!budget) budget = std::make_unique<RetryBudget>();
  return *budget;
}

HedgeMoney& Fleet::hedge_money_of(const std::string& model) {
  const std::lock_guard lock(mutex_);
  auto& money = hedges_[model];
  if (!money) money = std::make_unique<HedgeMoney>();
  return *money;
}

const Backend* Fleet::find(const Deployment& deployment) const {
  const std::lock_guard lock(mutex_);
  const auto found = backends_.find(key_of(deployment));
  return found == backends_.end() ? nullptr : found->second.get();
}

}  // namespace tollgate::balancer
