// The endpoints that give out tokens: of the tenant, of a virtual machine's metadata service and of App
// Service (Functions, Container Apps).
#include <algorithm>
#include <ctime>

#include "mock_azure/client_proof.hpp"
#include "mock_azure/entra.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t most_asked = 100;
constexpr const char* machine_tenant = "33333333-3333-4333-8333-333333333333";

std::string form_value(std::string_view form, std::string_view name) {
  const auto value = query_value(form, name);
  return value ? percent_decode(*value) : std::string();
}

// As the oldest endpoint of App Service tells it.
std::string date_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%m/%d/%Y %H:%M:%S +00:00", &parts);
  return text;
}

// What was planted for the endpoint, in the words of a token endpoint.
Reply fault_reply(const Fault& fault) {
  Reply reply = token_refused(fault.status, fault.status < 500 && fault.status != 429 ? "invalid_request" : "temporarily_unavailable",
                              "AADSTS90033: The stand-in was told to fail.");
  if (fault.retry_after && *fault.retry_after >= 0) {
    reply.headers += "retry-after: " + std::to_string(*fault.retry_after) + "\r\n";
  }
  return reply;
}

}  // namespace

// REQUIRES: the lock is held.
Reply Entra::finish(Asked asked, Reply reply) {
  ++token_requests_;
  if (const Fault fault = token_faults_.take(asked.endpoint); fault.kind == FaultKind::status) {
    reply = fault_reply(fault);
    asked.token = 0;
  } else {
    reply.fault = fault;
  }
  reply.first_delay = std::chrono::milliseconds(config_.delay_ms);
  asked.status = reply.status;
  asked_.push_back(std::move(asked));
  if (asked_.size() > most_asked) asked_.pop_front();
  return reply;
}

// REQUIRES: the lock is held.
Entra::Token Entra::issue(const Tenant& tenant, Asked& asked, bool is_v2) {
  const Json claims = app_claims(tenant.base, tenant.id, asked.owner, asked.audience, is_v2, config_.token_seconds);
  Token token;
  // No two tokens are alike, as at the real service.
  Json unique = claims;
  unique["uti"] = token_id(hash_bytes(static_cast<std::uint64_t>(token_requests_), asked.owner), 22);
  token.text = sign(Json::object(), unique);
  token.issued = int_member(claims, "iat", 0);
  token.expires = int_member(claims, "exp", 0);
  asked.token = issued_.note(token.text, asked.owner, asked.audience, token.expires, asked.claims);
  return token;
}

Reply Entra::app_token(const Tenant& tenant, const HttpRequest& request) {
  Asked asked;
  asked.endpoint = "entra";
  ClientProof proof;
  proof.client_id = asked.owner = form_value(request.body, "client_id");
  proof.secret = form_value(request.body, "client_secret");
  proof.assertion_type = form_value(request.body, "client_assertion_type");
  proof.assertion = form_value(request.body, "client_assertion");
  proof.audience = tenant.base + '/' + tenant.id + "/oauth2/v2.0/token";
  asked.proof = kind_of(proof);
  asked.claims = form_value(request.body, "claims");
  std::string scope = form_value(request.body, "scope");
  if (form_value(request.body, "grant_type") != "client_credentials" || proof.client_id.empty()) {
    return finish(asked, token_refused(400, "invalid_request", "AADSTS900144: grant_type and client_id are needed."));
  }
  constexpr std::string_view suffix = "/.default";
  if (!scope.ends_with(suffix)) {
    return finish(asked, token_refused(400, "invalid_scope", "AADSTS1002012: the scope must end in /.default."));
  }
  scope.resize(scope.size() - suffix.size());
  asked.audience = scope;
  const auto app = config_.apps.find(proof.client_id);
  const std::string refusal = refusal_of(proof, app == config_.apps.end() ? nullptr : &app->second, now_seconds());
  if (!refusal.empty()) return finish(asked, token_refused(401, "invalid_client", refusal));
  const Token token = issue(tenant, asked, true);
  Json body{{"token_type", "Bearer"},
            {"expires_in", config_.token_seconds},
            {"ext_expires_in", config_.token_seconds},
            {"access_token", token.text}};
  if (config_.refresh_in > 0) body["refresh_in"] = config_.refresh_in;
  return finish(asked, told(body));
}

// The client id that the request selects, "" when it does not say which of several.
std::string Entra::identity_of(std::string_view query, Asked& asked) const {
  for (const char* name : {"client_id", "clientid", "object_id", "principal_id", "msi_res_id", "mi_res_id"}) {
    const std::string value = form_value(query, name);
    if (value.empty()) continue;
    asked.selector = name;
    const bool is_known = config_.identities.empty() ||
                          std::find(config_.identities.begin(), config_.identities.end(), value) != config_.identities.end();
    return is_known ? value : "";
  }
  if (config_.identities.size() > 1) return {};
  return config_.identities.empty() ? "system" : config_.identities.front();
}

// A good reply has no body yet. REQUIRES: the lock is held.
Reply Entra::machine_token(const HttpRequest& request, Asked& asked, Token& token) {
  asked.owner = identity_of(request.query, asked);
  asked.audience = form_value(request.query, "resource");
  asked.to_refresh = form_value(request.query, "token_sha256_to_refresh");
  if (asked.audience.empty() || asked.audience.ends_with("/.default")) {
    return token_refused(400, "invalid_resource", "AADSTS500011: The resource principal was not found in the tenant.");
  }
  if (asked.owner.empty()) {
    return token_refused(400, "invalid_request", asked.selector.empty()
        ? "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"
        : "Identity not found");
  }
  token = issue({base_of(request), machine_tenant}, asked, false);
  return {};
}

Reply Entra::imds_token(const HttpRequest& request) {
  Asked asked;
  asked.endpoint = "imds";
  if (!iequals(request.header("metadata"), "true") || !request.header("x-forwarded-for").empty()) {
    return finish(asked, token_refused(400, "bad_request_102", "Required metadata header not specified"));
  }
  if (query_value(request.query, "api-version").value_or("") < "2018-02-01") {
    return finish(asked, token_refused(400, "bad_request", "The api-version is not supported."));
  }
  Token token;
  Reply reply = machine_token(request, asked, token);
  if (!reply.body.empty()) return finish(asked, std::move(reply));
  Json body{{"access_token", token.text},
            {"refresh_token", ""},
            {"expires_in", std::to_string(config_.token_seconds)},
            {"expires_on", std::to_string(token.expires)},
            {"not_before", std::to_string(token.issued)},
            {"resource", asked.audience},
            {"token_type", "Bearer"}};
  if (config_.refresh_in > 0) body["refresh_in"] = std::to_string(config_.refresh_in);
  return finish(asked, told(body));
}

// Its first version tells dates as text and wants the secret in another header.
Reply Entra::app_service_token(const HttpRequest& request) {
  Asked asked;
  asked.endpoint = "app-service";
  const std::string version = query_value(request.query, "api-version").value_or("");
  const bool is_first = version == "2017-09-01";
  if (!is_first && version != "2019-08-01") {
    return finish(asked, token_refused(400, "bad_request", "The api-version is not supported."));
  }
  if (request.header(is_first ? "secret" : "x-identity-header") != config_.identity_header) {
    return finish(asked, token_refused(401, "unauthorized", "The identity header is not the one of this app."));
  }
  Token token;
  Reply reply = machine_token(request, asked, token);
  if (!reply.body.empty()) return finish(asked, std::move(reply));
  return finish(asked, told(Json{{"access_token", token.text},
                                 {"expires_on", is_first ? date_text(token.expires) : std::to_string(token.expires)},
                                 {"resource", asked.audience},
                                 {"token_type", "Bearer"},
                                 {"client_id", asked.owner}}));
}

}  // namespace tollgate::mock
