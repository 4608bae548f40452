// Relays a realtime session both ways, from the 101 to its end.
#pragma once

#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/response_sink.hpp"
#include "upstream/call.hpp"

namespace tollgate::filters {

// REQUIRES: the call was answered with 101. What the model says goes to `out` as one chunk for each whole
// message; what the client says goes upstream as it comes, under its own masks.
awaitable<Outcome> relay_session(upstream::Call& call, Exchange& ex, ResponseSink& out);

}  // namespace tollgate::filters
