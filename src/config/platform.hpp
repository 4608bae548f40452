// Where the machine that the gateway runs on gives out tokens of its managed identities.
// Pure.
#pragma once

#include "tollgate/credential.hpp"

#include <functional>
#include <string>

namespace tollgate::config {

struct Platform {
  IdentityHost host = IdentityHost::imds;
  std::string problem;  // not "": a platform whose endpoint is not known here, and what to do
};

// By the environment variables that platforms set, in the order in which the Azure SDKs look; a virtual
// machine's metadata service is what is left. `is_set` tells whether a variable has a value.
Platform detect_platform(const std::function<bool(const char*)>& is_set);

// The variables that tell where the endpoint is and what it wants to be told; "" none.
struct PlatformVariables {
  const char* endpoint;
  const char* secret;
};
PlatformVariables variables_of(IdentityHost host) noexcept;

}  // namespace tollgate::config
