#include "cli/doctor/probe_services.hpp"

#include "cli/doctor/answer.hpp"
#include "credentials/token_ask.hpp"
#include "fetch/fetch.hpp"
#include "identity/issuer_keys.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::cli::doctor {
namespace {

constexpr Milliseconds connect_time{5'000};

const char* metadata_fix =
    "The metadata service answers on Azure's virtual machines alone. There, see that nothing keeps this process from "
    "169.254.169.254; in a pod, use workload_identity; elsewhere, client_secret or client_certificate.";

awaitable<std::string> read_keys(Surroundings& around, const EntraConfig& entra, const std::string& tenant,
                                 identity::TokenVersion version, Way& way, KeysSeen& seen) {
  const net::Egress egress(around.perimeter, {"signing_keys", ""}, entra.network);
  fetch::Request description;
  description.url = identity::discovery_url(entra.authority, tenant, version);
  const WallTime sent = std::chrono::system_clock::now();
  auto tls = way.tls;
  const fetch::Answer described = co_await fetch::send(around.loop, egress, std::move(description), tls, around.deadline);
  if (seen.answer.status == 0) seen.answer = read_answer(described, "", sent);
  if (!described.problem.empty()) co_return described.problem;
  const identity::Discovery discovery = identity::parse_discovery(described.body, entra.authority, tenant);
  if (!discovery.problem.empty()) co_return discovery.problem;
  fetch::Request list;
  list.url = discovery.jwks_uri;
  const fetch::Answer listed = co_await fetch::send(around.loop, egress, std::move(list), tls, around.deadline);
  if (!listed.problem.empty()) co_return listed.problem;
  const std::size_t count = identity::parse_key_set(listed.body, tenant).size();
  if (count == 0) co_return std::string("there is no RSA signing key in it");
  seen.count = std::max(seen.count, count);
  co_return std::string();
}

}  // namespace

Endpoint endpoint_in(const std::string& url) {
  const auto target = fetch::parse_url(url.substr(0, url.find_first_of("/?#", url.find("//") + 2)) + "/");
  return target ? target->endpoint : Endpoint{};
}

awaitable<void> probe_credential(Surroundings& around, const TokenCredential& credential, credentials::TokenCell& cell,
                                 CredentialSeen& seen) {
  credentials::Renewal renewal = cell.begin_attempt();
  seen.kind = credential.kind;
  if (credential.kind == CredentialKind::managed_identity && credential.host == IdentityHost::imds)
    seen.way.unreachable_fix = metadata_fix;
  const Destination to{endpoint_in(credentials::endpoint_of(credential)), credentials::egress_to(around.perimeter, credential),
                       credential.network, credential.ca_file, std::nullopt, connect_time};
  Way way = co_await open_way(around, to, seen.way);
  if (!way.stream) {
    cell.fail("its endpoint cannot be reached", no_deadline);
    co_return;
  }
  credentials::TokenAttempt attempt = co_await credentials::ask_for_token(around.loop, around.perimeter, credential, way.tls,
                                                                          std::move(renewal), 0.5, around.deadline);
  if (!attempt.token) {
    seen.problem = attempt.problem;
    cell.fail(std::move(attempt.problem), no_deadline);
    co_return;
  }
  seen.lifetime = std::chrono::round<std::chrono::seconds>(attempt.token->expires - attempt.token->obtained);
  cell.publish(std::move(attempt.token));
}

awaitable<void> probe_signing_keys(Surroundings& around, const EntraConfig& entra, const std::string& tenant, KeysSeen& seen) {
  const Destination to{endpoint_in(entra.authority), net::Egress(around.perimeter, {"signing_keys", ""}, entra.network),
                       entra.network, entra.ca_file, std::nullopt, connect_time};
  Way way = co_await open_way(around, to, seen.way);
  if (!way.stream) co_return;
  for (const auto version : {identity::TokenVersion::v1, identity::TokenVersion::v2}) {
    seen.problem = co_await read_keys(around, entra, tenant, version, way, seen);
    if (!seen.problem.empty()) co_return;
  }
}

awaitable<void> probe_webhook(Surroundings& around, const AlertsConfig& alerts, WaySeen& seen) {
  const Destination to{endpoint_in(alerts.webhook), net::Egress(around.perimeter, {"webhook", ""}, alerts.network),
                       alerts.network, alerts.ca_file, std::nullopt, connect_time};
  const Way way = co_await open_way(around, to, seen);
}

}  // namespace tollgate::cli::doctor
