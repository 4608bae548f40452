#include "identity/issuer_keys.hpp"

#include "identity/compact_jws.hpp"
#include "identity/strict_json.hpp"

#include <nlohmann/json.hpp>

namespace tollgate::identity {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_keys = 64;

std::string member(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::string fill_tenant(std::string text, std::string_view tenant) {
  constexpr std::string_view placeholder = "{tenantid}";
  const auto at = text.find(placeholder);
  if (at != std::string::npos) text.replace(at, placeholder.size(), tenant);
  return text;
}

// scheme://host[:port]
std::string_view origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

}  // namespace

const char* text_of(TokenVersion version) noexcept {
  return version == TokenVersion::v1 ? "1.0" : "2.0";
}

std::string discovery_url(std::string_view authority, std::string_view tenant, TokenVersion version) {
  std::string url(authority);
  url += '/';
  url += tenant;
  if (version == TokenVersion::v2) url += "/v2.0";
  return url + "/.well-known/openid-configuration";
}

Discovery parse_discovery(std::string_view json, std::string_view authority, std::string_view tenant) {
  Discovery found;
  const Json object = parse_object(json);
  if (object.is_discarded()) {
    found.problem = "the discovery document is not a JSON object";
    return found;
  }
  found.issuer = fill_tenant(member(object, "issuer"), tenant);
  found.jwks_uri = member(object, "jwks_uri");
  if (found.issuer.find(tenant) == std::string::npos) {
    found.problem = "the issuer of the discovery document does not name the tenant";
  } else if (origin_of(found.jwks_uri) != origin_of(authority)) {
    found.problem = "the signing keys are said to be at another host than the authority";
  }
  return found;
}

KeySet parse_key_set(std::string_view json, std::string_view tenant) {
  KeySet keys;
  const Json object = parse_object(json);
  const auto list = object.is_discarded() ? object.end() : object.find("keys");
  if (list == object.end() || !list->is_array()) return keys;
  for (const Json& item : *list) {
    if (!item.is_object() || keys.size() >= max_keys) continue;
    const std::string use = member(item, "use"), algorithm = member(item, "alg");
    if (member(item, "kty") != "RSA" || (!use.empty() && use != "sig")) continue;
    if (!algorithm.empty() && algorithm != "RS256") continue;
    const auto modulus = decode_base64url(member(item, "n"));
    const auto exponent = decode_base64url(member(item, "e"));
    std::string key_id = member(item, "kid");
    if (!modulus || !exponent || key_id.empty()) continue;
    SigningKey key;
    key.key = RsaKey::make(*modulus, *exponent);
    key.issuer = fill_tenant(member(item, "issuer"), tenant);
    if (key.key) keys.emplace(std::move(key_id), std::move(key));
  }
  return keys;
}

}  // namespace tollgate::identity
