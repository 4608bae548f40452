// What the end of a realtime session means: for the client, for the deployment and for the record. Pure.
#pragma once

#include "http/websocket_frame.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/tunnel.hpp"

#include <string>

namespace tollgate::filters {

// What each side is told when the gateway ends a session. Code 0: no close frame.
struct Farewell {
  int client_code = 0;
  std::string client_reason;
  int upstream_code = 0;
  std::string upstream_reason;
  std::string error;  // the message of an error event in front of the client's close frame, "" none
};

// `fault`: of the side that broke the protocol.
Farewell farewell_for(SessionEnd end, http::FrameFault fault);

Outcome outcome_of(SessionEnd end);

}  // namespace tollgate::filters
