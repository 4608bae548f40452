// What token endpoints answer, taken apart: the metadata service, App Service and Entra ID write the same
// facts in different ways.
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::credentials {

struct TokenAnswer {
  std::string text;
  std::chrono::seconds lifetime{0};    // from when the request was sent
  std::chrono::seconds refresh_in{0};  // 0: not said
  std::string problem;                 // not "": there is no token, and why; holds nothing of it
};

// `now`: Unix time, for answers that tell when a token ends rather than how long it is good for.
TokenAnswer parse_token(std::string_view json, std::int64_t now);

// What an error answer says, in one short line: "invalid_client: AADSTS7000215: Invalid client secret ...".
// `secret` is left out wherever it is repeated. "" when the answer says nothing.
std::string error_text(std::string_view json, std::string_view secret);

// The claims of a `WWW-Authenticate: Bearer ... claims="..."`, decoded; "" when there are none, or they are
// no JSON object.
std::string claims_of_challenge(std::string_view www_authenticate);

}  // namespace tollgate::credentials
