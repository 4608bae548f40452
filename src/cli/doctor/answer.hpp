// What an answer over HTTP says to the doctor.
// Pure.
#pragma once

#include "cli/doctor/evidence.hpp"
#include "fetch/fetch.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::cli::doctor {

// `secret`, which was sent, is left out wherever it is repeated. `sent`: when the request began.
AnswerSeen read_answer(const fetch::Answer& answer, const std::string& secret, WallTime sent);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace tollgate::cli::doctor
