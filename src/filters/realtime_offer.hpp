// What a client's WebSocket handshake for a realtime session offers.
#pragma once

#include "tollgate/exchange.hpp"

namespace tollgate::filters {

// Reads it into ex.upgrade; an error says why there is no session.
Error read_realtime_offer(Exchange& ex);

}  // namespace tollgate::filters
