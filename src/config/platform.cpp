#include "config/platform.hpp"

namespace tollgate::config {

Platform detect_platform(const std::function<bool(const char*)>& is_set) {
  Platform platform;
  const auto unknown = [&platform](const char* name) {
    platform.problem = std::string("the environment is that of ") + name +
                       ", whose managed identities are not available in this version; write client_secret or "
                       "client_certificate, or say the host";
    return platform;
  };
  if (is_set("IDENTITY_ENDPOINT") && is_set("IDENTITY_HEADER")) {
    if (is_set("IDENTITY_SERVER_THUMBPRINT")) return unknown("Service Fabric");
    platform.host = IdentityHost::app_service;
    return platform;
  }
  if (is_set("MSI_ENDPOINT")) {
    if (!is_set("MSI_SECRET")) return unknown("Cloud Shell");
    platform.host = IdentityHost::azure_ml;
    return platform;
  }
  if (is_set("IDENTITY_ENDPOINT") && is_set("IMDS_ENDPOINT")) return unknown("Azure Arc");
  return platform;
}

PlatformVariables variables_of(IdentityHost host) noexcept {
  switch (host) {
    case IdentityHost::imds: return {"AZURE_POD_IDENTITY_AUTHORITY_HOST", ""};
    case IdentityHost::app_service: return {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"};
    case IdentityHost::azure_ml: return {"MSI_ENDPOINT", "MSI_SECRET"};
  }
  return {"", ""};
}

}  // namespace tollgate::config
