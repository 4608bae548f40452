// Calls of a deployment that ask for nothing: where all is well it refuses them, and no token is used.
#pragma once

#include "cli/doctor/probe.hpp"

#include <string>

namespace tollgate::cli::doctor {

awaitable<void> probe_deployment(Surroundings& around, const Deployment& deployment, const std::string& api_version,
                                 DeploymentSeen& seen);

}  // namespace tollgate::cli::doctor
