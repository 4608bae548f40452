// What an answer over HTTP says to the doctor.
// Pure.
#pragma once

#include "cli/doctor/evidence.hpp"
#include "fetch/fetch.hpp"

#include <string>

namespace tollgate::cli::doctor {

// `secret`, which was sent, is left out wherever it is repeated. `sent`: when the request began.
AnswerSeen read_answer(const fetch::Answer& answer, const std::string& secret, WallTime sent);

}  // namespace tollgate::cli::doctor
