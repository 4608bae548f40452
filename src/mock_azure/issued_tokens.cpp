#include "mock_azure/issued_tokens.hpp"

#include <algorithm>

#include "mock_azure/text.hpp"

namespace tollgate::mock {

std::int64_t IssuedTokens::note(std::string_view token, std::string owner, std::string audience, std::int64_t expires,
                                std::string claims) {
  const std::lock_guard lock(mutex_);
  const std::int64_t number = ++last_number_;
  by_hash_.insert_or_assign(sha256_hex(token),
                            Issued{number, std::move(owner), std::move(audience), std::move(claims), expires});
  return number;
}

void IssuedTokens::revoke(std::string claims) {
  const std::lock_guard lock(mutex_);
  revoked_until_ = last_number_;
  wanted_claims_ = std::move(claims);
}

IssuedTokens::Look IssuedTokens::look(std::string_view token, const std::vector<std::string>& audiences,
                                      std::int64_t now) const {
  Look look;
  const std::string hash = sha256_hex(token);
  const std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return look;
  const Issued& issued = found->second;
  look.label = "token " + std::to_string(issued.number) + " of " + issued.owner;
  const bool is_revoked = issued.number <= revoked_until_ || (!wanted_claims_.empty() && issued.claims != wanted_claims_);
  const bool is_for_us = std::find(audiences.begin(), audiences.end(), issued.audience) != audiences.end();
  look.is_good = is_for_us && !is_revoked && now < issued.expires;
  if (look.is_good) return look;
  look.challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\"";
  if (is_revoked && !wanted_claims_.empty()) {
    look.challenge += ", error=\"insufficient_claims\", claims=\"" + base64(wanted_claims_) + "\"";
  } else {
    look.challenge += ", error=\"invalid_token\"";
  }
  return look;
}

}  // namespace tollgate::mock
