// What callers are told of limits: headers of an answer, and why a request was refused. Pure.
#pragma once

#include "limits/reservation.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/error.hpp"
#include "tollgate/spending.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::filters {

// Appends x-ratelimit-{limit,remaining,reset}-{requests|tokens} as header lines; nothing when there is
// no such limit. The reset is told as OpenAI tells it: "1m0.25s", "17ms".
void append_level(std::string& out, std::string_view what, const limits::Level& level);

// The refusal for the caller. `used` is what the pot holds, -1 if that is not known; `now` the moment
// of the decision.
Error refusal_of(const SpendRule& rule, std::int64_t used, std::int64_t wait_ms, WallTime now);

// The refusal while the store that the rule's pot is shared through cannot be asked.
Error unshared_refusal(const SpendRule& rule);

// "600 requests a minute", "$500 a month"
std::string describe(const SpendRule& rule);

// "$12.50", "1,200 tokens"
std::string describe_amount(Measure measure, std::int64_t amount);

}  // namespace tollgate::filters
