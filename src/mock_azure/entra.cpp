#include "mock_azure/entra.hpp"

#include <algorithm>
#include <chrono>

#include "mock_azure/api_error.hpp"
#include "mock_azure/signing_key.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

bool is_tenant(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdefABCDEF-") == text.npos;
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

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch()).count();
}

Reply told(const Json& body, int status) {
  Reply reply;
  reply.status = status;
  reply.body = dump_json(body);
  return reply;
}

Reply token_refused(int status, const char* error, const std::string& description) {
  return told(Json{{"error", error}, {"error_description", description}}, status);
}

// What both forms of an application's token say, and what only one does.
Json app_claims(const std::string& base, const std::string& tenant, const std::string& app,
                const std::string& audience, bool is_v2, std::int64_t seconds) {
  const std::int64_t now = now_seconds();
  const std::string object = guid(hash_bytes(7, tenant + app));
  Json claims{{"aud", audience},
              {"iss", is_v2 ? base + '/' + tenant + "/v2.0" : base + '/' + tenant + '/'},
              {"iat", now},
              {"nbf", now},
              {"exp", now + seconds}};
  claims[is_v2 ? "azp" : "appid"] = app;
  claims[is_v2 ? "azpacr" : "appidacr"] = "1";
  claims["oid"] = object;
  claims["sub"] = object;
  claims["tid"] = tenant;
  claims["uti"] = token_id(hash_bytes(static_cast<std::uint64_t>(now), app), 22);
  claims["ver"] = is_v2 ? "2.0" : "1.0";
  return claims;
}

Entra::Entra(const EntraConfig& config, bool is_tls) : scheme_(is_tls ? "https://" : "http://"), config_(config) {}
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
  if (request.method == "GET" && path == "/metadata/identity/oauth2/token") {
    const std::lock_guard lock(mutex_);
    return imds_token(request);
  }
  if (request.method == "GET" && path == "/msi/token") {
    const std::lock_guard lock(mutex_);
    return app_service_token(request);
  }
  if (path.size() < 38 || !is_tenant(path.substr(1, 36)) || path[37] != '/') return std::nullopt;
  const Tenant tenant{base_of(request), std::string(path.substr(1, 36))};
  path.remove_prefix(37);
  const std::lock_guard lock(mutex_);
  if (path == "/oauth2/v2.0/token" && request.method == "POST") return app_token(tenant, request);
  if (request.method != "GET") return std::nullopt;
  const bool is_v2 = path.find("/v2.0") != path.npos;
  const bool is_discovery = path.ends_with("/.well-known/openid-configuration");
  if (!is_discovery && path != "/discovery/keys" && path != "/discovery/v2.0/keys") return std::nullopt;
  if (outage_ != 0) return token_refused(outage_, "temporarily_unavailable", "The stand-in was told to fail.");
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

Reply Entra::admin(const HttpRequest& request) {
  const std::string_view path = request.path.substr(std::string_view("/mock/entra").size());
  if (path == "/token" && request.method == "POST") return mint(request);
  if (path == "/rotate" && request.method == "POST") return rotate(request);
  if (path == "/settings" && request.method == "POST") return change_settings(request);
  if (path == "/app" && request.method == "POST") return add_app(request);
  if (path == "/revoke" && request.method == "POST") return revoke(request);
  const std::lock_guard lock(mutex_);
  if (path == "/outage" && request.method == "POST") {
    outage_ = static_cast<int>(int_member(parse_json(request.body), "status", 0));
    if (outage_ != 0 && (outage_ < 400 || outage_ > 599)) outage_ = 503;
    return told(Json{{"outage", outage_}});
  }
  if (path.empty() && request.method == "GET") return told(summary());
  return resource_not_found();
}

// {"tenant", "app", "audience", "version": "1.0"|"2.0", "claims": {...}, "header": {...}}: any token that a
// test asks for, signed with the latest key.
Reply Entra::mint(const HttpRequest& request) {
  const Json body = parse_json(request.body);
  if (!body.is_object()) return bad_json();
  const bool is_v2 = string_member(body, "version", "2.0") != "1.0";
  const std::lock_guard lock(mutex_);
  Json claims = app_claims(base_of(request), string_member(body, "tenant"), string_member(body, "app"),
                           string_member(body, "audience"), is_v2, config_.token_seconds);
  change(claims, member(body, "claims"));
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

// {"accept": "keys"|"tokens"|"both", "token_seconds", "refresh_in", "delay_ms", "identities": [...]}: what is not
// said stays.
Reply Entra::change_settings(const HttpRequest& request) {
  const Json body = parse_json(request.body);
  if (!body.is_object()) return bad_json();
  const std::lock_guard lock(mutex_);
  config_.accepts = accepts_of(string_member(body, "accept")).value_or(config_.accepts);
  config_.token_seconds = std::max<std::int64_t>(1, int_member(body, "token_seconds", config_.token_seconds));
  config_.refresh_in = int_member(body, "refresh_in", config_.refresh_in);
  config_.delay_ms = std::clamp<std::int64_t>(int_member(body, "delay_ms", config_.delay_ms), 0, 60'000);
  if (const Json& list = member(body, "identities"); list.is_array()) {
    config_.identities.clear();
    for (const Json& one : list) {
      if (one.is_string()) config_.identities.push_back(one.get<std::string>());
    }
  }
  return told(Json{{"token_seconds", config_.token_seconds}, {"refresh_in", config_.refresh_in}, {"delay_ms", config_.delay_ms}});
}

// {"client_id", "secret", "certificate": PEM, "federated"}: what the application proves itself with from now on.
Reply Entra::add_app(const HttpRequest& request) {
  const Json body = parse_json(request.body);
  const std::string id = string_member(body, "client_id");
  if (id.empty()) return bad_json();
  const std::lock_guard lock(mutex_);
  AppConfig& app = config_.apps[id];
  app.secret = string_member(body, "secret");
  app.certificate = string_member(body, "certificate");
  app.federated = string_member(body, "federated");
  return told(Json{{"client_id", id}});
}

// {"claims": {...}}: the tokens given out until now are refused; with claims, until a token is asked for with them.
Reply Entra::revoke(const HttpRequest& request) {
  const Json body = parse_json(request.body);
  const Json& claims = member(body, "claims");
  issued_.revoke(claims.is_object() ? dump_json(claims) : std::string());
  return told(Json{{"revoked", true}});
}

// REQUIRES: the lock is held.
Json Entra::summary() const {
  Json asked = Json::array();
  for (const Asked& one : asked_) {
    asked.push_back({{"endpoint", one.endpoint}, {"proof", one.proof}, {"owner", one.owner}, {"selector", one.selector},
                     {"audience", one.audience}, {"claims", one.claims}, {"to_refresh", one.to_refresh},
                     {"status", one.status}, {"token", one.token}});
  }
  return Json{{"discovery_reads", discovery_reads_},
              {"key_reads", key_reads_},
              {"keys", keys_.size()},
              {"token_requests", token_requests_},
              {"asked", std::move(asked)}};
}

IssuedTokens::Look Entra::look(std::string_view bearer) const {
  std::vector<std::string> audiences;
  {
    const std::lock_guard lock(mutex_);
    audiences = config_.audiences;
  }
  return issued_.look(bearer, audiences, now_seconds());
}

Accepts Entra::accepts() const {
  const std::lock_guard lock(mutex_);
  return config_.accepts;
}

}  // namespace tollgate::mock
