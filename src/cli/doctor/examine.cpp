#include "cli/doctor/examine.hpp"

#include "base/branch.hpp"
#include "cli/doctor/judge.hpp"
#include "cli/doctor/probe_deployment.hpp"
#include "net/loop.hpp"
#include "net/perimeter.hpp"

#include <algorithm>
#include <coroutine>
#include <deque>
#include <utility>

namespace tollgate::cli::doctor {
namespace {

// Probes beside each other; the loop ends with the last of them.
class Probes {
 public:
  Probes(net::Loop& loop, const ExamineOptions& options) : loop_(loop), options_(options) {}
  Probes(const Probes&) = delete;

  void add(awaitable<void> work) { running_.emplace_back().work = counted(std::move(work)); }

  void run() {
    for (Running& one : running_) {
      one.branch = base::run(std::move(one.work), one.result);
      one.branch.start(&nobody_);
    }
    if (done_ < running_.size()) loop_.run();
    for (Running& one : running_) one.result.take();
  }

 private:
  struct Running {
    awaitable<void> work = done();
    base::Result<void> result;
    base::Branch branch;
  };

  awaitable<void> counted(awaitable<void> work) {
    co_await work;
    ++done_;
    if (options_.on_progress) options_.on_progress(done_, running_.size());
    if (done_ == running_.size()) loop_.stop();
  }

  net::Loop& loop_;
  const ExamineOptions& options_;
  std::size_t done_ = 0;
  std::coroutine_handle<> nobody_;
  std::deque<Running> running_;
};

std::string address_of(const Endpoint& endpoint) {
  return (endpoint.is_tls ? "https://" : "http://") + endpoint.authority + endpoint.base_path;
}

class Examination {
 public:
  Examination(std::shared_ptr<const Config> config, const ExamineOptions& options)
      : config_(std::move(config)), options_(options), perimeter_(config_->network), deployments_(config_->deployments.size()) {}

  std::vector<Report> run() {
    Surroundings around{loop_, perimeter_, trust_, Clock::now() + options_.timeout};
    Probes probes(loop_, options_);
    for (const auto& deployment : config_->deployments)
      probes.add(probe_deployment(around, *deployment, options_.api_version, deployments_[deployment->index]));
    probes.run();
    now_ = std::chrono::system_clock::now();
    std::vector<Report> reports;
    for (const auto& deployment : config_->deployments) reports.push_back(report_of(*deployment));
    return reports;
  }

 private:
  Report report_of(const Deployment& deployment) const {
    const DeploymentSeen& seen = deployments_[deployment.index];
    Report report{"deployment " + deployment.name, address_of(deployment.endpoint), judge_way(seen.way, now_)};
    if (!seen.way.trace.is_connected()) return report;
    DeploymentAsked asked;
    asked.name = deployment.deployment;
    asked.resource = deployment.endpoint.host;
    asked.api_version = options_.api_version;
    asked.credential = deployment.credential ? deployment.credential->name : "";
    asked.region = deployment.region;
    asked.others = others_of(deployment);
    for (Finding& finding : judge_deployment(asked, seen.dated, seen.v1)) report.findings.push_back(std::move(finding));
    if (seen.dated.status != 0) report.findings.push_back(judge_latency(seen.way, seen.dated.first_byte));
    if (seen.dated.date) report.findings.push_back(judge_clock(*seen.dated.date, seen.dated.at, !asked.credential.empty()));
    return report;
  }

  // Deployments of the same resource that were found.
  std::vector<std::string> others_of(const Deployment& deployment) const {
    std::vector<std::string> others = deployments_[deployment.index].present;
    for (const auto& other : config_->deployments) {
      const bool is_there = other->endpoint.authority == deployment.endpoint.authority && is_present(deployments_[other->index].dated);
      if (is_there && std::find(others.begin(), others.end(), other->deployment) == others.end())
        others.push_back(other->deployment);
    }
    return others;
  }

  std::shared_ptr<const Config> config_;
  const ExamineOptions& options_;
  net::Loop loop_;
  net::Perimeter perimeter_;
  Trust trust_;
  std::vector<DeploymentSeen> deployments_;  // by Deployment::index
  WallTime now_{};
};

}  // namespace

std::vector<Report> examine(std::shared_ptr<const Config> config, const ExamineOptions& options) {
  Examination examination(std::move(config), options);
  return examination.run();
}

}  // namespace tollgate::cli::doctor
