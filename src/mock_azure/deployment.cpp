#include "mock_azure/deployment.hpp"

#include <chrono>
#include <utility>

namespace tollgate::mock {
namespace {

// Undeclared names come from clients: they must not fill the memory, nor break a header.
constexpr std::size_t most_deployments = 10'000;

bool is_name(std::string_view name) {
  for (const char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!plain && c != '.' && c != '_' && c != '-') return false;
  }
  return !name.empty() && name.size() <= 64;
}

}  // namespace

Deployment::Deployment(DeploymentConfig config)
    : config_(std::move(config)),
      headers_("x-ms-region: " + config_.region + "\r\nx-ms-deployment-name: " + config_.name +
               "\r\n"),
      limited_(is_ptu() || config_.tokens_per_minute > 0 || config_.requests_per_minute > 0),
      payg_(config_.tokens_per_minute, config_.requests_per_minute),
      ptu_(config_.units, config_.model.ptu_input_tpm, config_.model.ptu_output_weight,
           config_.window_seconds) {}

Admission Deployment::admit(std::int64_t prompt, std::int64_t cached, std::int64_t max_output) {
  if (!limited_) return payg_.admit({}, 0);  // touches no state
  const Instant now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  return is_ptu() ? ptu_.admit(now, prompt - cached, max_output)
                  : payg_.admit(now, prompt + max_output);
}

void Deployment::settle(std::int64_t charged, std::int64_t prompt, std::int64_t cached,
                        std::int64_t output) {
  if (!is_ptu()) return;
  const Instant now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  ptu_.settle(now, charged, prompt - cached, output);
}

PtuTotals Deployment::ptu_totals() {
  const std::lock_guard lock(mutex_);
  return ptu_.totals(std::chrono::steady_clock::now());
}

DeploymentTable::DeploymentTable(const Config& config) : config_(config) {
  for (const auto& [name, deployment] : config.deployments) {
    deployments_.emplace(name, std::make_unique<Deployment>(deployment));
  }
}

Deployment* DeploymentTable::find(std::string_view name) {
  {
    const std::shared_lock lock(mutex_);
    const auto it = deployments_.find(name);
    if (it != deployments_.end()) return it->second.get();
    if (!config_.accept_any_deployment || deployments_.size() >= most_deployments) return nullptr;
  }
  if (!is_name(name)) return nullptr;
  const std::unique_lock lock(mutex_);
  auto& slot = deployments_[std::string(name)];
  if (slot == nullptr) slot = std::make_unique<Deployment>(implied_deployment(config_, name));
  return slot.get();
}

void DeploymentTable::for_each(const std::function<void(Deployment&)>& visit) {
  const std::shared_lock lock(mutex_);
  for (const auto& [name, deployment] : deployments_) visit(*deployment);
}

}  // namespace tollgate::mock
