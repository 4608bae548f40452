// The access record: one JSON line for each request (docs/metrics.md lists the fields).
#pragma once

#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"

#include <string>

namespace tollgate::telemetry {

// Appends one line, '\n' included. Fields are always there; what is not known is null. Never holds
// prompt or completion text, keys, authorization headers, or values of the query that are not known
// to be harmless; what a client sent is bounded in length. Any thread.
void format_record(std::string& record, const Exchange& ex, const Outcome& outcome);

}  // namespace tollgate::telemetry
