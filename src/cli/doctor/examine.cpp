#include "cli/doctor/examine.hpp"

#include "cli/doctor/judge.hpp"
#include "cli/doctor/probe_deployment.hpp"
#include "cli/doctor/probe_local.hpp"
#include "cli/doctor/probe_services.hpp"
#include "cli/doctor/probes.hpp"
#include "config/tls_files.hpp"
#include "credentials/token_ask.hpp"
#include "net/name_servers.hpp"
#include "net/perimeter.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::cli::doctor {
namespace {

std::string address_of(const Endpoint& endpoint) {
  return (endpoint.is_tls ? "https://" : "http://") + endpoint.authority + endpoint.base_path;
}

void append(Report& report, std::vector<Finding> findings) {
  for (Finding& finding : findings) report.findings.push_back(std::move(finding));
}

// Looks first, then judges: what one deployment has shown helps with the next.
class Examination {
 public:
  Examination(std::shared_ptr<const Config> config, const ExamineOptions& options)
      : config_(std::move(config)),
        options_(options),
        perimeter_(config_->network),
        tokens_(loop_),
        deployments_(config_->deployments.size()),
        credentials_(config_->credentials.size()),
        keys_(config_->identity.entra ? config_->identity.entra->tenants.size() : 0) {
    for (const auto& credential : config_->credentials)
      cells_.push_back(std::make_shared<credentials::TokenCell>(credential->name));
    tokens_.use(config_, cells_);
  }

  std::vector<Report> run() {
    look();
    now_ = std::chrono::system_clock::now();
    std::vector<Report> reports{machine()};
    for (const auto& deployment : config_->deployments) reports.push_back(report_of(*deployment));
    for (const auto& credential : config_->credentials) reports.push_back(report_of(*credential));
    for (std::size_t i = 0; i < keys_.size(); ++i) reports.push_back(signing_keys(config_->identity.entra->tenants[i], keys_[i]));
    if (has_redis()) reports.push_back(redis());
    if (has_webhook()) reports.push_back(webhook());
    return reports;
  }

 private:
  bool has_redis() const { return !config_->sharing.redis.empty(); }
  bool has_webhook() const { return !config_->alerts.webhook.empty(); }

  void look() {
    Surroundings around{loop_, perimeter_, trust_, Clock::now() + options_.timeout};
    Probes probes(loop_, options_.on_progress);
    // Credentials first: deployments wait for an attempt that has begun.
    for (const auto& credential : config_->credentials)
      probes.add(probe_credential(around, *credential, *cells_[credential->index], credentials_[credential->index]));
    for (const auto& deployment : config_->deployments)
      probes.add(probe_deployment(around, *deployment, options_.api_version, tokens_, deployments_[deployment->index]));
    for (std::size_t i = 0; i < keys_.size(); ++i)
      probes.add(probe_signing_keys(around, *config_->identity.entra, config_->identity.entra->tenants[i], keys_[i]));
    if (has_redis()) probes.add(probe_redis(around, config_->sharing, redis_));
    if (has_webhook()) probes.add(probe_webhook(around, config_->alerts, webhook_));
    probes.add(probe_listeners(around, config_->server, listeners_));
    probes.run();
  }

  Report machine() const {
    Report report{"this machine", "", {}};
    for (const ListenSeen& seen : listeners_) report.findings.push_back(judge_listen(seen));
    if (config_->server.tls) add_end(report, config_->server.tls->certificate_file);
    for (const FileSeen& seen : look_at_files(*config_)) report.findings.push_back(judge_file(seen));
    for (const std::string& server : net::public_name_servers(config_->network))
      report.findings.push_back({"names", Verdict::warn, server + " of /etc/resolv.conf is outside network.private_ranges, and is told every name",
                                 "Write a name server inside as network.nameservers, or Azure's 168.63.129.16."});
    return report;
  }

  void add_end(Report& report, const std::string& file) const {
    if (const auto ends = config::certificate_end(file)) report.findings.push_back(judge_end("certificate", file, *ends, now_));
  }

  static void add_clock(Report& report, const AnswerSeen& answer, bool needs_tokens) {
    report.findings.push_back(answer.date ? judge_clock(*answer.date, answer.at, needs_tokens)
                                          : skipped("clock", "the other side tells no time"));
  }

  Report report_of(const Deployment& deployment) const {
    const DeploymentSeen& seen = deployments_[deployment.index];
    Report report{"deployment " + deployment.name, address_of(deployment.endpoint), judge_way(seen.way, now_)};
    if (deployment.client_certificate) add_end(report, deployment.client_certificate->certificate);
    if (!seen.way.trace.is_connected()) return report;
    if (!seen.no_token.empty()) {
      report.findings.push_back(skipped("credential", seen.no_token));
      return report;
    }
    append(report, judge_deployment(asked_of(deployment), seen.dated, seen.v1));
    const bool needs_tokens = deployment.credential != nullptr;
    const AnswerSeen& timed = seen.dated.status != 0 ? seen.dated : seen.v1;
    if (timed.status != 0) report.findings.push_back(judge_latency(seen.way, timed.first_byte));
    if (timed.status != 0) add_clock(report, timed, needs_tokens);
    return report;
  }

  DeploymentAsked asked_of(const Deployment& deployment) const {
    DeploymentAsked asked;
    asked.name = deployment.deployment;
    asked.resource = deployment.endpoint.host;
    asked.zone = deployments_[deployment.index].way.zone;
    asked.api_version = options_.api_version;
    asked.is_version_chosen = options_.is_version_chosen;
    asked.credential = deployment.credential ? deployment.credential->name : "";
    asked.region = deployment.region;
    asked.others = others_of(deployment);
    return asked;
  }

  // Deployments of the same resource that were found.
  std::vector<std::string> others_of(const Deployment& deployment) const {
    std::vector<std::string> others = deployments_[deployment.index].present;
    for (const auto& other : config_->deployments) {
      const bool is_there =
          other->endpoint.authority == deployment.endpoint.authority && is_present(deployments_[other->index].dated);
      if (is_there && std::find(others.begin(), others.end(), other->deployment) == others.end())
        others.push_back(other->deployment);
    }
    return others;
  }

  Report report_of(const TokenCredential& credential) const {
    const CredentialSeen& seen = credentials_[credential.index];
    Report report{"credential " + credential.name, credentials::endpoint_of(credential), judge_way(seen.way, now_)};
    if (credential.kind == CredentialKind::client_certificate)
      report.findings.push_back(judge_end("certificate", "of " + credential.client_id, credential.certificate.expires, now_));
    if (seen.way.trace.is_connected()) report.findings.push_back(judge_token(seen));
    return report;
  }

  Report signing_keys(const std::string& tenant, const KeysSeen& seen) const {
    Report report{"tenant " + tenant, config_->identity.entra->authority, judge_way(seen.way, now_)};
    if (!seen.way.trace.is_connected()) return report;
    report.findings.push_back(judge_keys(seen));
    if (seen.answer.status != 0) add_clock(report, seen.answer, true);
    return report;
  }

  Report redis() const {
    Report report{"redis", config_->sharing.redis, judge_way(redis_.way, now_)};
    if (!redis_.way.trace.is_connected()) return report;
    report.findings.push_back(judge_redis(redis_));
    if (redis_.date) report.findings.push_back(judge_clock(*redis_.date, redis_.at, false));
    return report;
  }

  Report webhook() const {
    return {"webhook", address_of(endpoint_in(config_->alerts.webhook)), judge_way(webhook_, now_)};
  }

  const std::shared_ptr<const Config> config_;
  const ExamineOptions& options_;
  net::Loop loop_;
  net::Perimeter perimeter_;
  Trust trust_;
  credentials::TokenCells cells_;  // by TokenCredential::index
  credentials::WorkerTokens tokens_;
  std::vector<DeploymentSeen> deployments_;   // by Deployment::index
  std::vector<CredentialSeen> credentials_;   // by TokenCredential::index
  std::vector<KeysSeen> keys_;                // by tenant
  RedisSeen redis_;
  WaySeen webhook_;
  std::vector<ListenSeen> listeners_;
  WallTime now_{};
};

}  // namespace

std::vector<Report> examine(std::shared_ptr<const Config> config, const ExamineOptions& options) {
  Examination examination(std::move(config), options);
  return examination.run();
}

}  // namespace tollgate::cli::doctor
