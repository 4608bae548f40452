// What else the gateway calls: token endpoints, signing keys, Redis.
#include "cli/doctor/judge.hpp"

#include "cli/text.hpp"

#include <array>
#include <string_view>

namespace tollgate::cli::doctor {
namespace {

struct Known {
  std::string_view words;  // in what was said
  const char* fix;
};

// What Entra ID and the metadata service say, and what it comes from. The first that is found counts.
constexpr std::array<Known, 13> token_faults{{
    {"AADSTS7000215", "The secret is not one of the application: write the value of a client secret, not its id."},
    {"AADSTS7000222", "The secret has expired: make another one for the application (Certificates & secrets)."},
    {"AADSTS700027", "The application does not know this certificate: upload it there (Certificates & secrets), or mend the clock."},
    {"AADSTS700024", "The assertion is outside of its time: set this machine's clock (NTP), or see that the pod's token is renewed."},
    {"AADSTS700016", "There is no such application in this tenant: compare client_id and tenant with its overview page."},
    {"AADSTS90002", "There is no such tenant: compare `tenant`, and `cloud` with the cloud that it is in."},
    {"AADSTS70021", "No federated credential of the application fits: compare its issuer, subject (system:serviceaccount:NAMESPACE:NAME) "
                    "and audience (api://AzureADTokenExchange) with the pod's token. A new one takes minutes."},
    {"AADSTS500011", "The tenant does not know what the token is for: compare `scope`, and `cloud` with the cloud of the resource."},
    {"AADSTS53003", "Conditional access refuses it: let the workload identity pass from this network."},
    {"Identity not found", "The machine has no such identity: assign it (Identity, System assigned or User assigned), or correct "
                           "client_id, object_id or resource_id."},
    {"invalid_client", "What the credential proves itself with is not accepted: compare it with the application in Entra ID."},
    {"the file ", "See that the pod has the label azure.workload.identity/use: \"true\", and that the gateway's user may read the file."},
    {"status 5", "The token endpoint has trouble of its own: try again, and look at Azure's status page."},
}};

std::string token_fix(const CredentialSeen& seen) {
  for (const Known& known : token_faults)
    if (seen.problem.find(known.words) != std::string::npos) return known.fix;
  return seen.kind == CredentialKind::managed_identity
             ? "See that this machine, app or pod has a managed identity, and that the credential names the right one."
             : "Compare tenant, client_id and what proves the credential with the application in Entra ID.";
}

}  // namespace

Finding judge_token(const CredentialSeen& seen) {
  if (!seen.problem.empty()) return failed("token", printable(seen.problem), token_fix(seen));
  const std::string text = "good for " + std::to_string(std::chrono::round<std::chrono::minutes>(seen.lifetime).count()) + " min";
  if (seen.lifetime >= std::chrono::minutes(5)) return {"token", Verdict::ok, text, ""};
  return {"token", Verdict::warn, text,
          "Such a token has to be fetched all the time: look at the tenant's token lifetime policy, and at this machine's clock."};
}

Finding judge_keys(const KeysSeen& seen) {
  if (seen.problem.empty())
    return {"keys", Verdict::ok, std::to_string(seen.count) + (seen.count == 1 ? " signing key" : " signing keys"), ""};
  const bool is_refused = seen.answer.status >= 400 && seen.answer.status < 500;
  return failed("keys", printable(seen.problem),
                is_refused ? "The authority does not know the tenant: compare identity.entra.tenants and authority."
                           : "Callers' tokens cannot be verified without: see that what answers is Entra ID, and try again.");
}

Finding judge_redis(const RedisSeen& seen) {
  const std::string& error = seen.error;
  if (error.empty() && seen.problem.empty()) {
    const std::string text =
        (seen.user.empty() ? "answers" : "answers, signed in as " + printable(seen.user)) + " (" + took_text(seen.round_trip) + ")";
    if (seen.round_trip < seen.patience) return {"redis", Verdict::ok, text, ""};
    return {"redis", Verdict::warn, text,
            "It takes longer than sharing.timeout (" + took_text(seen.patience) + "), after which limits hold as `when_unshared` "
            "says: raise that, or use a cache in the same region."};
  }
  if (error.empty())
    return failed("redis", seen.problem, "Something else than Redis answers, or it wants TLS: write rediss:// then, with port 6380 "
                                         "or 10000 at Azure.");
  const auto begins = [&error](std::string_view word) { return error.starts_with(word); };
  if (begins("WRONGPASS"))
    return failed("redis", printable(error),
                  "User and password do not belong together: compare sharing.user and sharing.password with the access "
                  "keys of the cache.");
  if (begins("NOAUTH")) return failed("redis", printable(error), "It wants a password: write sharing.password, by reference.");
  if (error.find("without any password configured") != std::string::npos)
    return failed("redis", printable(error), "It has no password: remove sharing.password, or set one there.");
  if (begins("NOPERM"))
    return failed("redis", printable(error), "Let the user run scripts, and read and write keys of sharing.prefix.");
  if (begins("LOADING") || begins("BUSY"))
    return {"redis", Verdict::warn, printable(error), "It is not ready yet: try again in a moment."};
  return failed("redis", printable(error), "Redis refuses in these words.");
}

}  // namespace tollgate::cli::doctor
