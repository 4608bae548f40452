// What can be wrong with files of TLS, found when the configuration is loaded.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"

#include <optional>
#include <string>

namespace tollgate::config {

// Why the two cannot be used together, "" when they can: unreadable PEM, a key with a passphrase, a key of
// another certificate, a certificate that has expired.
std::string certificate_fault(const CertificateFiles& files);

// When the first certificate of a PEM file ends; absent when it cannot be read.
std::optional<WallTime> certificate_end(const std::string& file);

}  // namespace tollgate::config
