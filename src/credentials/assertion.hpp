// The JWT with which an application proves that it has the key of its certificate (RFC 7523, and Microsoft's
// "certificate credentials" for what it says).
// Pure.
#pragma once

#include "tollgate/credential.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::credentials {

// RS256 over header and claims; `audience` is the token endpoint, `id` has to be new each time, `now` is
// Unix time. "" when the key cannot sign.
std::string make_assertion(const SigningCertificate& certificate, std::string_view client_id, std::string_view audience,
                           std::string_view id, std::int64_t now);

}  // namespace tollgate::credentials
