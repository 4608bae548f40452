// The stand-in's end of a WebSocket (RFC 6455): handshake, frames in, frames out. No sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mock_azure/http_request.hpp"

namespace tollgate::mock {

namespace opcode {
inline constexpr int continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10;
}

bool asks_for_websocket(const HttpRequest& request);

// Header lines of a 101, each ending in CR LF; the subprotocol `realtime` is chosen when it is offered.
std::string accept_websocket(const HttpRequest& request);

struct Message {
  int opcode = opcode::text;
  std::string payload;
};

// Whole messages and control frames out of a client's bytes.
class FrameParser {
 public:
  void append(std::string_view bytes) { buffer_ += bytes; }
  std::optional<Message> next();
  bool is_bad() const { return is_bad_; }  // what came is not what a client may send

 private:
  std::string buffer_;
  Message partial_;
  bool in_message_ = false;
  bool is_bad_ = false;
};

void append_frame(std::string& out, int opcode, std::string_view payload, bool is_final = true);
void append_close(std::string& out, int code, std::string_view reason);

}  // namespace tollgate::mock
