// A TCP connection as a ByteStream: system calls that never wait, Asio for readiness.
//
// A wait for readiness stays armed until it fires, whoever asked for it: a keep-alive connection
// costs one registration a request, not one a read.
// One thread: the worker's.
#pragma once

#include "net/loop.hpp"
#include "tollgate/byte_stream.hpp"

#include <memory>

namespace tollgate::net {

class TcpStream final : public ByteStream {
 public:
  // Takes over a connected (or connecting) socket: made non-blocking, TCP_NODELAY set.
  TcpStream(Loop& loop, int socket, bool is_v6);
  ~TcpStream() override;

  IoResult try_read(char* into, std::size_t size) override;
  IoResult try_write(std::span<const std::string_view> parts) override;
  void watch(void (*on_event)(void*), void* context) override;
  bool is_peer_gone() override;
  void finish_sending() override;
  void close() override;
  bool is_open() const noexcept override;
  bool is_encrypted() const noexcept override { return false; }

  int native_handle() const noexcept { return fd_; }

  // For TLS, whose reads may have to wait for a write and the other way round.
  bool arm_as(Wait& wait, Wait::For direction);
  void disarm(Wait& wait) noexcept override;

 private:
  bool arm(Wait& wait) override { return arm_as(wait, wait.direction()); }

  struct Core;  // outlives the stream while Asio holds a wait
  Core* core_;
  int fd_ = -1;
};

}  // namespace tollgate::net
