// The opening handshake of a WebSocket (RFC 6455 section 4), from both sides. No extension is ever
// offered or taken.
// Pure, except that a client's key is made from random bytes.
#pragma once

#include "http/head.hpp"
#include "tollgate/header.hpp"

#include <span>
#include <string>
#include <string_view>

namespace tollgate::http {

enum class HandshakeFault : unsigned char {
  none,
  not_asked,    // no Upgrade to websocket: 426
  bad_version,  // another one than 13: 426, with the version that is spoken here
  malformed,    // 400
};

struct ClientHandshake {
  HandshakeFault fault = HandshakeFault::none;
  const char* why = "";  // may be shown to the client
  std::string accept;    // what the answer's Sec-WebSocket-Accept says
};
ClientHandshake read_client_handshake(std::span<const Header> headers);

std::string accept_for(std::string_view key);

// A new key for a handshake of our own: 16 random bytes in base64.
std::string make_handshake_key();

// Why an answer with status 101 does not accept our handshake; "" if it does. `protocols`: the list that was
// offered.
std::string_view refuse_server_handshake(const ResponseHead& head, std::string_view key, std::string_view protocols);

}  // namespace tollgate::http
