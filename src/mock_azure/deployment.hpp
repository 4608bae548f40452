// A deployment at work: its configuration and the state of its limits.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "mock_azure/config.hpp"
#include "mock_azure/limits.hpp"

namespace tollgate::mock {

// Thread safety: all members may be called from any thread.
class Deployment {
 public:
  explicit Deployment(DeploymentConfig config);

  const DeploymentConfig& config() const { return config_; }
  const Model& model() const { return config_.model; }
  bool is_ptu() const { return config_.kind == DeploymentKind::ptu; }
  // Region and name, as header lines.
  const std::string& headers() const { return headers_; }

  Admission admit(std::int64_t prompt, std::int64_t cached, std::int64_t max_output);
  PtuTotals ptu_totals();  // of a ptu deployment
  void settle(std::int64_t charged, std::int64_t prompt, std::int64_t cached, std::int64_t output);

 private:
  DeploymentConfig config_;
  std::string headers_;
  bool limited_;
  std::mutex mutex_;
  PaygLimit payg_;
  PtuLimit ptu_;
};

// Thread safety: `find` may be called from any thread; what it returns lives as long as the table.
class DeploymentTable {
 public:
  explicit DeploymentTable(const Config& config);

  // Null when the name is not declared and undeclared names are refused.
  Deployment* find(std::string_view name);
  void for_each(const std::function<void(Deployment&)>& visit);

 private:
  const Config& config_;
  std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<Deployment>, std::less<>> deployments_;
};

}  // namespace tollgate::mock
