// How an application proves itself at the token endpoint: a secret, or an assertion that is signed with
// its certificate's key or comes from an issuer that it trusts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mock_azure/config.hpp"

namespace tollgate::mock {

struct ClientProof {
  std::string client_id;
  std::string secret;
  std::string assertion_type, assertion;
  std::string audience;  // the token endpoint, as the client wrote it
};

// "" when it is good; else the AADSTS text of the refusal. An application that is not configured, or has
// nothing to prove itself with, is believed.
std::string refusal_of(const ClientProof& proof, const AppConfig* app, std::int64_t now);

// "secret", "certificate" or "federated", by what was sent.
std::string_view kind_of(const ClientProof& proof);

}  // namespace tollgate::mock
