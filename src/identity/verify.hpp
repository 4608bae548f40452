// Whether a token is what it says: its form, its issuer's signature and its claims.
// Pure: the keys and the time are given.
#pragma once

#include "identity/issuer_keys.hpp"
#include "identity/token.hpp"
#include "tollgate/identity.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace tollgate::identity {

// What is trusted of one tenant for one form of token. Immutable.
struct Issuer {
  std::string tenant;
  TokenVersion version = TokenVersion::v2;
  std::string name;          // `iss`
  KeySet keys;
  std::int64_t trusted_until = 0;  // seconds since 1970; later they are too old to be used
};

// By tenant and form; null: not loaded yet.
struct TrustedIssuers {
  struct Entry {
    std::string tenant;
    TokenVersion version = TokenVersion::v2;
    std::shared_ptr<const Issuer> issuer;
  };
  std::vector<Entry> entries;
  std::uint64_t generation = 0;  // counts publications
};

enum class TokenFault : unsigned char {
  none,
  malformed,
  bad_algorithm,
  not_for_others,
  wrong_tenant,
  wrong_issuer,
  wrong_audience,
  expired,
  not_yet_valid,
  unknown_key,      // perhaps a new one: `issuer` says whose keys to fetch
  bad_signature,
  keys_not_loaded,  // nothing can be said yet
};

// For the caller; tells nothing that is not in the token.
const char* text_of(TokenFault fault) noexcept;

struct Verified {
  TokenFault fault = TokenFault::malformed;
  Claims claims;
  std::size_t issuer = 0;  // index in TrustedIssuers::entries
};

// `now` in seconds since 1970.
Verified verify_token(std::string_view token, const EntraConfig& rules, const TrustedIssuers& trusted,
                      std::int64_t now);

}  // namespace tollgate::identity
