// Dates in the configuration and on the admin plane: text in, a moment out.
#pragma once

#include "config/values.hpp"
#include "tollgate/clock.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::config {

// 2026-12-31 (its first moment, UTC) or 2026-12-31T18:00:00Z
std::optional<WallTime> parse_date(std::string_view text, Fault& fault);

// 2026-12-31T18:00:00Z
std::string date_to_text(WallTime time);

}  // namespace tollgate::config
