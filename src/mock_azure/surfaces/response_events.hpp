// The event series of a streamed response, made from the finished response object.
#pragma once

#include <memory>
#include <vector>

#include "mock_azure/json.hpp"
#include "mock_azure/reply.hpp"

namespace tollgate::mock {

// Every event carries type and sequence_number; the last one carries the whole response. There is
// no [DONE] on this surface.
std::vector<Json> response_events(const Json& response);

// Replays events whose number is above `after`.
std::unique_ptr<EventSource> make_response_stream(std::vector<Json> events, std::int64_t after);

}  // namespace tollgate::mock
