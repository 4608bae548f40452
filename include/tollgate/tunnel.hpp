// A connection that goes on as a WebSocket (RFC 6455) once its request has been answered with 101.
//
// The answer's half is the exchange's ResponseSink: after head() with status 101 each chunk() is one
// whole frame (Chunk::Kind::frame), so filters watch, hold or end a session as they do any other answer.
// The client's half is its Tunnel.
// One thread: the exchange's worker.
#pragma once

#include "tollgate/awaitable.hpp"
#include "tollgate/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate {

// What the client's handshake offered, and what the answer to it will say.
struct Upgrade {
  std::string accept;                // Sec-WebSocket-Accept
  std::string_view protocol;         // the subprotocol chosen, "" none; static text
  std::string upstream_protocols;    // those that mean something to a deployment, as a list; "" none
  std::string_view key;              // a credential among the subprotocols, "" none; a view into the head
};

class Tunnel {
 public:
  virtual ~Tunnel() = default;

  // False: the gateway is ending and takes no new sessions.
  virtual bool is_open() const noexcept = 0;

  // The client's next bytes, as they come; valid until the next call. "": it is gone.
  virtual awaitable<std::string_view> receive() = 0;

  // Waits until a moment. False: not so long, the gateway wants sessions to end now.
  virtual awaitable<bool> rest(TimePoint until) = 0;
};

// How a session ended.
enum class SessionEnd : unsigned char {
  none,             // it never began, or goes on
  client_closed,    // with a close frame
  upstream_closed,
  client_gone,      // without one
  upstream_gone,
  client_fault,     // broke the protocol, or sent what is too large
  upstream_fault,
  idle,             // nothing was said for too long
  expired,          // lasted as long as it may
  spent,            // a limit or budget has no more
  drained,          // the gateway ended
};
const char* name_of(SessionEnd end) noexcept;      // the label in metrics and records
const char* closed_by(SessionEnd end) noexcept;    // "client", "upstream", "gateway"; "" for none

// What came of it.
struct SessionFacts {
  SessionEnd end = SessionEnd::none;
  int close_code = 0;              // of the close frame that the client sent first, or got; 0: neither
  std::uint64_t frames_in = 0;     // relayed from the client
  std::uint64_t frames_out = 0;    // sent to it
  std::uint64_t responses = 0;     // that the model finished, however
  std::uint64_t errors = 0;        // error events among what was sent
};

}  // namespace tollgate
