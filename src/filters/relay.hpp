// Brings an answer from a call to a sink.
#pragma once

#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/response_sink.hpp"
#include "upstream/call.hpp"

#include <string>

namespace tollgate::filters {

struct RelayOptions {
  bool drop_usage = false;  // the gateway asked for usage, the client did not
};

// Event by event; usage, the first token and errors inside the stream are noted on the way.
awaitable<Outcome> relay_events(upstream::Call& call, Exchange& ex, ResponseSink& out,
                                RelayOptions options);

// Any other body, part by part; usage is read out of JSON.
awaitable<Outcome> relay_body(upstream::Call& call, Exchange& ex, ResponseSink& out);

struct Collected {
  bool is_whole = false;  // false: cut, too slow, or larger than the bound
  std::string bytes;
};

// A small body as a whole, for answers that have to be looked at first.
awaitable<Collected> collect(upstream::Call& call, std::size_t bound);

}  // namespace tollgate::filters
