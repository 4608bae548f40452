// What is asked of a token endpoint.
// Pure.
#pragma once

#include "fetch/fetch.hpp"
#include "tollgate/credential.hpp"

#include <string>
#include <string_view>

namespace tollgate::credentials {

// Why a token is asked for although there is one: a deployment has refused it.
struct Renewal {
  std::string claims;          // of the deployment's challenge, JSON; "" none
  std::string refused_sha256;  // of the refused token, 64 hex digits; "": nothing was refused
};

// Where an application's tokens are asked for; also the audience of its assertions.
std::string token_url(const TokenCredential& credential);

// `assertion`: the federated token or the signed assertion, for credentials that prove themselves with one.
fetch::Request token_request(const TokenCredential& credential, std::string_view assertion, const Renewal& renewal);

}  // namespace tollgate::credentials
