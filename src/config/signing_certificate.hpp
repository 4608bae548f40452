// A certificate and its key, read for signing.
#pragma once

#include "tollgate/credential.hpp"

#include <optional>
#include <string>

namespace tollgate::config {

// Both as PEM; the key may stand in the same text. nullopt: `why` says what is wrong, without showing any of it.
std::optional<SigningCertificate> read_signing_certificate(const std::string& certificate, const std::string& key,
                                                           std::string& why);

}  // namespace tollgate::config
