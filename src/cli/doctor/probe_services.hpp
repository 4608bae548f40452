// What the gateway calls beside deployments.
#pragma once

#include "cli/doctor/probe.hpp"
#include "credentials/token_cell.hpp"

#include <string>

namespace tollgate::cli::doctor {

// Where a URL leads to, without its path, which may be a secret.
Endpoint endpoint_in(const std::string& url);

// Gets a token and puts it into `cell`, where deployments wait for it.
awaitable<void> probe_credential(Surroundings& around, const TokenCredential& credential, credentials::TokenCell& cell,
                                 CredentialSeen& seen);

// The keys that tokens of the tenant are verified with, both forms of tokens.
awaitable<void> probe_signing_keys(Surroundings& around, const EntraConfig& entra, const std::string& tenant, KeysSeen& seen);

// Writes nothing; the cheapest script shows that scripts may be run.
awaitable<void> probe_redis(Surroundings& around, const SharingConfig& sharing, RedisSeen& seen);

// The connection alone: no alert is posted.
awaitable<void> probe_webhook(Surroundings& around, const AlertsConfig& alerts, WaySeen& seen);

}  // namespace tollgate::cli::doctor
