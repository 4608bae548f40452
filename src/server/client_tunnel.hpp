// The client's half of a WebSocket: its bytes as they come, and the news that sessions are to end.
// One thread: the worker's.
#pragma once

#include "net/loop.hpp"
#include "server/client_body.hpp"
#include "tollgate/byte_stream.hpp"
#include "tollgate/tunnel.hpp"

#include <string_view>

namespace tollgate::server {

class Server;

class ClientTunnel final : public Tunnel {
 public:
  ClientTunnel(Server& server, ByteStream& stream, Inbox& inbox, Exchange& ex)
      : server_(server), stream_(stream), inbox_(inbox), ex_(ex) {}
  ClientTunnel(const ClientTunnel&) = delete;
  ~ClientTunnel();

  bool is_open() const noexcept override;
  awaitable<std::string_view> receive() override;
  awaitable<bool> rest(TimePoint until) override;

  bool has_begun() const noexcept { return has_begun_; }

  // The session is to end now.
  void end();

 private:
  class Rest;

  void begin();
  awaitable<std::string_view> receive_slowly();

  Server& server_;
  ByteStream& stream_;
  Inbox& inbox_;
  Exchange& ex_;
  Rest* rest_ = nullptr;         // who waits for the end
  std::size_t last_bytes_ = 0;  // of the inbox, told by the latest call
  bool has_begun_ = false;
  bool must_end_ = false;
};

}  // namespace tollgate::server
