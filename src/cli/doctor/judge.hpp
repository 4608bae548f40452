// From what was seen to what it means and what to do. Pure.
#pragma once

#include "cli/doctor/evidence.hpp"
#include "cli/doctor/finding.hpp"

#include <string>
#include <vector>

namespace tollgate::cli::doctor {

// --- the way there ---
// Name, network, connection and TLS, as far as it was gone. `now`: to tell the days that are left.
std::vector<Finding> judge_way(const WaySeen& way, WallTime now);
Finding judge_latency(const WaySeen& way, Milliseconds first_byte);
// `needs_tokens`: access tokens are made or verified with this machine's clock.
Finding judge_clock(WallTime theirs, WallTime ours, bool needs_tokens);

// --- a deployment ---
struct DeploymentAsked {
  std::string name;         // what Azure calls it
  std::string resource;     // host of the endpoint
  std::string zone;         // the private DNS zone that answers for it; "" none is known
  std::string api_version;  // the dated one that was tried
  bool is_version_chosen = false;  // by who asks, not by us
  std::string credential;   // whose token was sent; "": a key was
  std::string region;       // configured; "" none
  std::vector<std::string> others;  // deployments that were found at the same resource
};
// Of both calls: access, credential, deployment, api-version, region.
std::vector<Finding> judge_deployment(const DeploymentAsked& asked, const AnswerSeen& dated, const AnswerSeen& v1);
// The answer says that the deployment is there.
bool is_present(const AnswerSeen& answer);
// The answer says that there is no deployment of this name.
bool is_absent(const AnswerSeen& answer);

// --- what else the gateway needs ---
Finding judge_token(const CredentialSeen& seen);
Finding judge_keys(const KeysSeen& seen);
Finding judge_redis(const RedisSeen& seen);

// --- what is here ---
Finding judge_file(const FileSeen& seen);
Finding judge_listen(const ListenSeen& seen);

// How long a certificate is still good. `what` begins the text.
Finding judge_end(std::string check, const std::string& what, WallTime ends, WallTime now);

Finding failed(std::string check, std::string text, std::string fix);
Finding skipped(std::string check, std::string why);
std::string took_text(Milliseconds took);                   // 12 ms, 1.4 s
std::string joined(const std::vector<std::string>& texts);  // a, b

}  // namespace tollgate::cli::doctor
