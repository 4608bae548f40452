// A TCP connection as a ByteStream: system calls that never wait, Readiness for the rest.
//
// Readiness that was asked for stays armed until it comes, whoever asked: a keep-alive connection
// waits for its next message and watches for a peer that leaves with one and the same wait.
// One thread: the worker's.
#pragma once

#include "net/loop.hpp"
#include "net/readiness.hpp"
#include "tollgate/byte_stream.hpp"

namespace tollgate::net {

class TcpStream final : public ByteStream, private Readiness::Listener {
 public:
  // Takes over a connected (or connecting) socket; sets TCP_NODELAY.
  TcpStream(Loop& loop, int socket, bool is_v6, Readiness::Rank rank);
  ~TcpStream() override;

  IoResult try_read(char* into, std::size_t size) override;
  IoResult try_write(std::span<const std::string_view> parts) override;
  void watch(void (*on_event)(void*), void* context) override;
  void unwatch() override;
  Peer look() override;
  Peer glance() override { return is_drained_ && !readiness_.has_news() ? Peer::silent : look(); }
  void finish_sending() override;
  void close() override;
  bool is_open() const noexcept override { return fd_ >= 0; }
  bool is_encrypted() const noexcept override { return false; }

  int native_handle() const noexcept { return fd_; }

  // For TLS, whose reads may have to wait for a write and the other way round, and which may hold bytes of
  // which no event will tell.
  bool arm_as(Wait& wait, Wait::For direction);
  bool has_taken_all() const noexcept { return has_taken_all_; }
  void note_unknown() noexcept { is_drained_ = false; }
  void set_rank(Readiness::Rank rank) { readiness_.set_rank(rank); }
  void disarm(Wait& wait) noexcept override;

 private:
  bool arm(Wait& wait) override { return arm_as(wait, wait.direction()); }
  IoResult write_gathered(std::span<const std::string_view> parts);
  void on_ready(Readiness::For direction) override;

  Loop& loop_;
  int fd_;
  Readiness readiness_;
  Wait* reader_ = nullptr;
  Wait* writer_ = nullptr;
  void (*on_event_)(void*) = nullptr;
  void* context_ = nullptr;
  bool has_taken_all_ = false;  // the bytes that were there; there may be an end behind them
  bool is_drained_ = false;     // of whatever is there to read by now, readiness_ has news or will have
};

}  // namespace tollgate::net
