// Dates in header fields.
#pragma once

#include "tollgate/clock.hpp"

#include <optional>
#include <string_view>

namespace tollgate::http {

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is still sent (RFC 9110 section 5.6.7).
std::optional<WallTime> parse_date(std::string_view text);

}  // namespace tollgate::http
