#include "mock_azure/entra.hpp"

#include <algorithm>
#include <chrono>

#include "mock_azure/api_error.hpp"
#include "mock_azure/signing_key.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::int64_t token_seconds = 3599;

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch()).count();
}

Reply told(const Json& body, int status = 200) {
  Reply reply;
  reply.status = status;
  reply.body = dump_json(body);
  return reply;
}

Reply refused(int status, const char* error, const char* description) {
  return told(Json{{"error", error}, {"error_description", description}}, status);
}

bool is_tenant(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdefABCDEF-") == text.npos;
}

// What both forms of an application's token say, and what only one does.
Json app_claims(const std::string& base, const std::string& tenant, const std::string& app,
                const std::string& audience, bool is_v2) {
  const std::int64_t now = now_seconds();
  const std::string object = guid(hash_bytes(7, tenant + app));
  Json claims{{"aud", audience},
              {"iss", is_v2 ? base + '/' + tenant + "/v2.0" : base + '/' + tenant + '/'},
              {"iat", now},
              {"nbf", now},
              {"exp", now + token_seconds}};
  claims[is_v2 ? "azp" : "appid"] = app;
  claims[is_v2 ? "azpacr" : "appidacr"] = "1";
  claims["oid"] = object;
  claims["sub"] = object;
  claims["tid"] = tenant;
  claims["uti"] = token_id(hash_bytes(static_cast<std::uint64_t>(now), app), 22);
  claims["ver"] = is_v2 ? "2.0" : "1.0";
  return claims;
}

std::string form_value(std::string_view form, std::string_view name) {
  const auto value = query_value(form, name);
  return value ? percent_decode(*value) : std::string();
}

// Members of `changes` replace those of `into`; null removes.
void change(Json& into, const Json& changes) {
  if (!changes.is_object()) return;
  for (const auto& [name, value] : changes.items()) {
    if (value.is_null()) into.erase(name);
    else into[name] = value;
  }
}

}  // namespace

Entra::Entra(bool is_tls) : scheme_(is_tls ? "https://" : "http://") {}
Entra::~Entra() = default;

std::string Entra::base_of(const HttpRequest& request) const {
  return scheme_ + std::string(request.header("host"));
}

SigningKey& Entra::latest_key() {
  if (keys_.empty()) keys_.push_back(std::make_unique<SigningKey>("mock-key-" + std::to_string(next_key_++)));
  return *keys_.back();
}

std::optional<Reply> Entra::handle(const HttpRequest& request) {
  std::string_view path = request.path;
  if (path.size() < 38 || !is_tenant(path.substr(1, 36)) || path[37] != '/') return std::nullopt;
  const Tenant tenant{base_of(request), std::string(path.substr(1, 36))};
  path.remove_prefix(37);
  const std::lock_guard lock(mutex_);
  if (path == "/oauth2/v2.0/token" && request.method == "POST") return issue(tenant, request);
  if (request.method != "GET") return std::nullopt;
  const bool is_v2 = path.find("/v2.0") != path.npos;
  const bool is_discovery = path.ends_with("/.well-known/openid-configuration");
  if (!is_discovery && path != "/discovery/keys" && path != "/discovery/v2.0/keys") return std::nullopt;
  if (outage_ != 0) return refused(outage_, "temporarily_unavailable", "The stand-in was told to fail.");
  return is_discovery ? discovery(tenant, is_v2) : key_list(tenant);
}

Reply Entra::discovery(const Tenant& tenant, bool is_v2) {
  ++discovery_reads_;
  const std::string root = tenant.base + '/' + tenant.id;
  return told(Json{{"issuer", is_v2 ? root + "/v2.0" : root + '/'},
                   {"token_endpoint", root + "/oauth2/v2.0/token"},
                   {"jwks_uri", root + (is_v2 ? "/discovery/v2.0/keys" : "/discovery/keys")},
                   {"id_token_signing_alg_values_supported", {"RS256"}}});
}

Reply Entra::key_list(const Tenant& tenant) {
  ++key_reads_;
  latest_key();
  Json keys = Json::array();
  for (const auto& key : keys_) keys.push_back(key->jwk(tenant.base + "/{tenantid}/v2.0"));
  return told(Json{{"keys", std::move(keys)}});
}

std::string Entra::sign(const Json& header, const Json& claims) {
  SigningKey& key = latest_key();
  Json full{{"typ", "JWT"}, {"alg", "RS256"}, {"kid", key.id()}};
  change(full, header);
  const std::string input = base64url(dump_json(full)) + '.' + base64url(dump_json(claims));
  return input + '.' + base64url(key.sign(input));
}

// Client credentials: any secret or assertion is believed.
Reply Entra::issue(const Tenant& tenant, const HttpRequest& request) {
  const std::string app = form_value(request.body, "client_id");
  std::string scope = form_value(request.body, "scope");
  if (form_value(request.body, "grant_type") != "client_credentials" || app.empty()) {
    return refused(400, "invalid_request", "AADSTS900144: grant_type and client_id are needed.");
  }
  if (form_value(request.body, "client_secret").empty() && form_value(request.body, "client_assertion").empty()) {
    return refused(401, "invalid_client", "AADSTS7000218: a secret or an assertion is needed.");
  }
  constexpr std::string_view suffix = "/.default";
  if (!scope.ends_with(suffix)) return refused(400, "invalid_scope", "AADSTS1002012: the scope must end in /.default.");
  scope.resize(scope.size() - suffix.size());
  const Json claims = app_claims(tenant.base, tenant.id, app, scope, true);
  return told(Json{{"token_type", "Bearer"},
                   {"expires_in", token_seconds},
                   {"ext_expires_in", token_seconds},
                   {"access_token", sign(Json::object(), claims)}});
}

Reply Entra::admin(const HttpRequest& request) {
  const std::string_view path = request.path.substr(std::string_view("/mock/entra").size());
  if (path == "/token" && request.method == "POST") return mint(request);
  if (path == "/rotate" && request.method == "POST") return rotate(request);
  const std::lock_guard lock(mutex_);
  if (path == "/outage" && request.method == "POST") {
    outage_ = static_cast<int>(int_member(parse_json(request.body), "status", 0));
    if (outage_ != 0 && (outage_ < 400 || outage_ > 599)) outage_ = 503;
    return told(Json{{"outage", outage_}});
  }
  if (path.empty() && request.method == "GET") {
    return told(Json{{"discovery_reads", discovery_reads_}, {"key_reads", key_reads_}, {"keys", keys_.size()}});
  }
  return resource_not_found();
}

// {"tenant", "app", "audience", "version": "1.0"|"2.0", "claims": {...}, "header": {...}}: any token that a
// test asks for, signed with the latest key.
Reply Entra::mint(const HttpRequest& request) {
  const Json body = parse_json(request.body);
  if (!body.is_object()) return bad_json();
  const bool is_v2 = string_member(body, "version", "2.0") != "1.0";
  Json claims = app_claims(base_of(request), string_member(body, "tenant"), string_member(body, "app"),
                           string_member(body, "audience"), is_v2);
  change(claims, member(body, "claims"));
  const std::lock_guard lock(mutex_);
  return told(Json{{"access_token", sign(member(body, "header"), claims)}});
}

// {"forget": true}: the keys of before are not published any more.
Reply Entra::rotate(const HttpRequest& request) {
  const Json body = parse_json(request.body);
  const std::lock_guard lock(mutex_);
  if (bool_member(body, "forget")) keys_.clear();
  keys_.push_back(std::make_unique<SigningKey>("mock-key-" + std::to_string(next_key_++)));
  return told(Json{{"kid", keys_.back()->id()}});
}

}  // namespace tollgate::mock
