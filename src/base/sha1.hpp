// SHA-1, which the WebSocket handshake asks for (RFC 6455 section 4.2.2). It proves nothing there and is
// used for nothing else.
#pragma once

#include <array>
#include <string_view>

namespace tollgate::base {

std::array<unsigned char, 20> sha1(std::string_view bytes);  // any thread

}  // namespace tollgate::base
