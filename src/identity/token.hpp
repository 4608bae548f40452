// What a token says of itself: header and claims, as text that nobody has verified yet.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::identity {

struct TokenHeader {
  std::string algorithm;
  std::string key_id;
  bool is_for_its_issuer = false;  // `nonce`: of a Microsoft API, nobody else can verify it
  bool has_extensions = false;     // `crit`: asks for what is not understood here
};

// Times in seconds since 1970. GUIDs in lower case.
struct Claims {
  std::string version;  // "1.0", "2.0"
  std::string issuer;
  std::string tenant;
  std::string object;
  std::string subject;
  std::string app;       // `azp` or `appid`
  std::string id_type;   // `idtyp`, usually absent
  std::string token_id;  // `uti`, good for logs
  std::vector<std::string> audiences;
  std::vector<std::string> roles;
  std::vector<std::string> scopes;
  std::vector<std::string> groups;
  std::int64_t not_before = 0;
  std::int64_t expires = 0;

  // Of an application itself, no user behind it.
  bool is_app_only() const noexcept {
    if (!id_type.empty()) return id_type == "app";
    return scopes.empty() && !object.empty() && object == subject;
  }
};

std::optional<TokenHeader> parse_token_header(std::string_view json);

// nullopt: no JSON object, a name twice, a claim of the wrong type, or one of ver, iss, tid, aud, exp
// missing.
std::optional<Claims> parse_claims(std::string_view json);

}  // namespace tollgate::identity
