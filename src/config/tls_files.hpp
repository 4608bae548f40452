// What can be wrong with certificates of the gateway's own, found when the configuration is loaded.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tollgate::config {

// Why the two cannot be used together, "" when they can: unreadable PEM, a key with a passphrase, a key of
// another certificate. One that has expired can be used: what asks for it refuses it, and nothing else is hindered.
std::string certificate_fault(const CertificateFiles& files);

// When the first certificate of a PEM file ends; absent when it cannot be read.
std::optional<WallTime> certificate_end(const std::string& file);

// A sentence for each certificate of the gateway's own that has expired at `now`.
std::vector<std::string> expired_certificates(const Config& config, WallTime now);

}  // namespace tollgate::config
