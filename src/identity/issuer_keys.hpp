// The documents in which a tenant publishes who it is and what it signs with.
// Pure; what is made is immutable.
#pragma once

#include "identity/rsa_key.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tollgate::identity {

// A tenant publishes twice, for the two forms of its tokens.
enum class TokenVersion : unsigned char { v1, v2 };
const char* text_of(TokenVersion version) noexcept;  // as `ver` says it: "1.0", "2.0"

struct SigningKey {
  std::shared_ptr<const RsaKey> key;
  std::string issuer;  // whose tokens it may sign, "" when the document does not say
};

using KeySet = std::unordered_map<std::string, SigningKey>;  // by `kid`

struct Discovery {
  std::string issuer;    // what `iss` says in this tenant's tokens
  std::string jwks_uri;
  std::string problem;   // not "": the document cannot be used, and why
};

// {authority}/{tenant}[/v2.0]/.well-known/openid-configuration
std::string discovery_url(std::string_view authority, std::string_view tenant, TokenVersion version);

// `jwks_uri` has to be at the authority's own host; the issuer has to name the tenant.
Discovery parse_discovery(std::string_view json, std::string_view authority, std::string_view tenant);

// The RSA signing keys of a JWKS document. Keys of other kinds are left out; "{tenantid}" is filled in.
KeySet parse_key_set(std::string_view json, std::string_view tenant);

}  // namespace tollgate::identity
