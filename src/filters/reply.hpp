// Answers made by the gateway itself.
#pragma once

#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/response_sink.hpp"

#include <string>

namespace tollgate::filters {

// Sends a JSON body; the outcome is complete unless the client has gone.
awaitable<Outcome> reply_json(Exchange& ex, ResponseSink& out, int status, std::string body);

// Refuses in the OpenAI shape, with retry-after headers where the error says when. `allow`: the methods
// that a path takes, told with a 405.
awaitable<Outcome> reply_error(Exchange& ex, ResponseSink& out, Error error, std::string allow = {});

}  // namespace tollgate::filters
