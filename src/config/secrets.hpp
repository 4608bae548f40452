// Secrets by reference: env:NAME and file:PATH, and the hashes that stand for subscription keys.
#pragma once

#include "config/values.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::config {
std::string to_hex(const KeyDigest& digest);

// The secret that `reference` names. No fault ever shows it, nor a text that may be one.
// A file that was read is added to `files`.
std::optional<Secret> resolve_secret(std::string_view reference, std::vector<std::string>& files,
                                     Fault& fault);

// The digest of a subscription key: of the secret that is named, or written as sha256:<64 hex>.
std::optional<KeyDigest> resolve_key(std::string_view reference, std::vector<std::string>& files,
                                     Fault& fault);

}  // namespace tollgate::config
