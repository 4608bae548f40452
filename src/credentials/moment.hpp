// The forms in which token endpoints write a moment or a number of seconds.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::credentials {

// Whole seconds: "3599", "3599.5".
std::optional<std::int64_t> parse_seconds(std::string_view text);

// Unix time of "1790003599", "2026-10-01T09:00:00Z" (with a fraction or an offset) or, as App Service wrote
// it in 2017, "10/1/2026 9:00:00 AM +00:00" (24 hours without AM and PM).
std::optional<std::int64_t> parse_moment(std::string_view text);

}  // namespace tollgate::credentials
