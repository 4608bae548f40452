// Which credentials get the same tokens, and what they are called.
// Pure.
#pragma once

#include "tollgate/credential.hpp"

namespace tollgate::credentials {

// As the configuration writes it.
const char* text_of(CredentialKind kind) noexcept;
const char* text_of(IdentityHost host) noexcept;

// Whom the tokens are of and what they are for. The same for credentials whose tokens are the same,
// whatever proves them: a token outlives a secret that is replaced.
std::string identity_of(const TokenCredential& credential);

// Whether the two get their tokens in the same way: by the same proof, under the same rule for where the
// endpoint may be, and trusting the same authorities.
bool is_fetched_alike(const TokenCredential& a, const TokenCredential& b) noexcept;

}  // namespace tollgate::credentials
