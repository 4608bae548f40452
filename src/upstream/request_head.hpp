// What goes upstream in front of the body: the path in the upstream's terms, our credential, and
// those of the client's headers that mean something there.
#pragma once

#include "tollgate/exchange.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::upstream {

// The whole head. `body_length` absent: the body is sent in chunked coding. No body at all:
// length 0 is only stated for methods that usually have one. `bearer`: the token to prove ourselves with;
// "" where the deployment has an API key. `handshake_key`: of the WebSocket that is asked for, "" none.
std::string request_head(const Exchange& ex, const Deployment& deployment, std::optional<std::uint64_t> body_length,
                         std::string_view bearer, std::string_view handshake_key = {});

}  // namespace tollgate::upstream
