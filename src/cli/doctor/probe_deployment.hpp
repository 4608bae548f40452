// Calls of a deployment that ask for nothing: where all is well it refuses them, and no token is used.
#pragma once

#include "cli/doctor/probe.hpp"
#include "credentials/worker_tokens.hpp"

#include <string>

namespace tollgate::cli::doctor {

// `tokens`: where those are waited for that deployments without a key are called with.
awaitable<void> probe_deployment(Surroundings& around, const Deployment& deployment, const std::string& api_version,
                                 credentials::WorkerTokens& tokens, DeploymentSeen& seen);

}  // namespace tollgate::cli::doctor
