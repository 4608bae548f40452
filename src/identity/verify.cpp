#include "identity/verify.hpp"

#include "identity/compact_jws.hpp"

#include <algorithm>

namespace tollgate::identity {

namespace {

// What the claims alone tell. Before the signature, because it is cheap and most bad tokens end here.
TokenFault check_claims(const Claims& claims, const EntraConfig& rules, const Issuer& issuer,
                        std::int64_t now) {
  const auto skew = std::chrono::duration_cast<std::chrono::seconds>(rules.skew).count();
  if (claims.issuer != issuer.name) return TokenFault::wrong_issuer;
  const bool is_for_us = std::any_of(
      claims.audiences.begin(), claims.audiences.end(), [&](const std::string& audience) {
        return std::find(rules.audiences.begin(), rules.audiences.end(), audience) != rules.audiences.end();
      });
  if (!is_for_us) return TokenFault::wrong_audience;
  if (claims.expires + skew <= now) return TokenFault::expired;
  if (claims.not_before - skew > now) return TokenFault::not_yet_valid;
  return TokenFault::none;
}

// A set may hold keys of other issuers: those that sign for personal accounts, for example. Documents
// for tokens of the first form name the issuer in its second form, so that only the tenant is compared.
bool may_sign(const SigningKey& key, const Issuer& issuer) {
  if (key.issuer.empty()) return true;
  if (issuer.version == TokenVersion::v2) return key.issuer == issuer.name;
  return key.issuer.find(issuer.tenant) != std::string::npos;
}

}  // namespace

const char* text_of(TokenFault fault) noexcept {
  switch (fault) {
    case TokenFault::none: return "";
    case TokenFault::malformed: return "The token is malformed";
    case TokenFault::bad_algorithm: return "The token is not signed with RS256";
    case TokenFault::not_for_others: return "The token is for a Microsoft API and cannot be verified here";
    case TokenFault::wrong_tenant: return "The token is of a tenant that is not accepted here";
    case TokenFault::wrong_issuer: return "The token's issuer is not the one of its tenant";
    case TokenFault::wrong_audience: return "The token is for another audience";
    case TokenFault::expired: return "The token has expired";
    case TokenFault::not_yet_valid: return "The token is not valid yet";
    case TokenFault::unknown_key: return "The token is signed with an unknown key";
    case TokenFault::bad_signature: return "The token's signature is wrong";
    case TokenFault::keys_not_loaded: return "The signing keys of the token's issuer could not be fetched yet";
  }
  return "";
}

Verified verify_token(std::string_view token, const EntraConfig& rules, const TrustedIssuers& trusted,
                      std::int64_t now) {
  Verified out;
  const auto fail = [&out](TokenFault fault) {
    out.fault = fault;
    return std::move(out);
  };
  const auto jws = split_jws(token);
  if (!jws) return fail(TokenFault::malformed);
  const auto header = parse_token_header(jws->header);
  if (!header) return fail(TokenFault::malformed);
  if (header->algorithm != "RS256") return fail(TokenFault::bad_algorithm);
  if (header->is_for_its_issuer) return fail(TokenFault::not_for_others);
  if (header->has_extensions || header->key_id.empty()) return fail(TokenFault::malformed);
  auto claims = parse_claims(jws->payload);
  if (!claims) return fail(TokenFault::malformed);
  out.claims = std::move(*claims);

  const auto& entries = trusted.entries;
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const TrustedIssuers::Entry& entry) {
    return entry.tenant == out.claims.tenant && text_of(entry.version) == out.claims.version;
  });
  if (at == entries.end()) return fail(TokenFault::wrong_tenant);
  out.issuer = static_cast<std::size_t>(at - entries.begin());
  if (!at->issuer || at->issuer->trusted_until <= now) return fail(TokenFault::keys_not_loaded);
  const Issuer& issuer = *at->issuer;
  if (const auto fault = check_claims(out.claims, rules, issuer, now); fault != TokenFault::none) {
    return fail(fault);
  }
  const auto key = issuer.keys.find(header->key_id);
  if (key == issuer.keys.end() || !may_sign(key->second, issuer)) return fail(TokenFault::unknown_key);
  const bool is_signed = key->second.key->verifies(jws->signing_input, jws->signature);
  return fail(is_signed ? TokenFault::none : TokenFault::bad_signature);
}

}  // namespace tollgate::identity
