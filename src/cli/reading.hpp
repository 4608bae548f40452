// What commands that read the ledger have in common: arguments, dates, which files.
#pragma once

#include "tollgate/config.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace tollgate::cli {

inline constexpr std::int64_t minutes_a_day = 24 * 60;

// Wrong arguments; what() says which.
class Misuse : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Minutes since the epoch of 2026-11-30 or 2026-11-30T18:00 (UTC). A day as the last one counts
// whole. Throws Misuse.
std::int64_t minute_of(const std::string& text, bool is_last);

// Null for an empty path. Throws std::runtime_error with the first problem in the file.
std::shared_ptr<const Config> config_of(const std::string& path);

// The ledger that was named, or the one of the configuration, or the default. Throws
// std::runtime_error when the configuration keeps none.
std::string ledger_path(const std::string& named, const Config* config);

}  // namespace tollgate::cli
