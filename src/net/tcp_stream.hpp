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

class TcpStream final : public ByteStream, private Readiness::Listener, private Timer {
 public:
  // Takes over a connected (or connecting) socket; sets TCP_NODELAY.
  TcpStream(Loop& loop, int socket, bool is_v6, Readiness::Rank rank);
  ~TcpStream() override;

  IoResult try_read(char* into, std::size_t size) override;
  IoResult try_write(std::span<const std::string_view> parts) override;
  void watch(void (*on_event)(void*), void* context) override;
  void unwatch() override;
  Peer look() override;
  Peer glance() override { return is_drained() && !readiness_.has_news() ? Peer::silent : look(); }
  void finish_sending() override;
  void close() override;
  bool is_open() const noexcept override { return fd_ >= 0; }
  bool is_encrypted() const noexcept override { return false; }

  int native_handle() const noexcept { return fd_; }

  // For TLS, whose reads may have to wait for a write and the other way round, and which may hold bytes of
  // which no event will tell.
  bool arm_as(Wait& wait, Wait::For direction);
  bool is_drained() const noexcept { return left_ != Left::unknown; }
  void note_unknown() noexcept { left_ = Left::unknown; }
  void set_rank(Readiness::Rank rank) { readiness_.set_rank(rank); }
  void disarm(Wait& wait) noexcept override;

 private:
  // What there may be to read that no event will tell of.
  enum class Left : unsigned char {
    unknown,
    no_bytes,  // the last read took all; an end or a reset that came with it shares its edge
    nothing,   // the last look found nothing and nothing has happened since
  };

  bool arm(Wait& wait) override { return arm_as(wait, wait.direction()); }
  IoResult write_gathered(std::span<const std::string_view> parts);
  void arm_reading();
  void look_late();
  void on_ready(Readiness::For direction) override;

  Loop& loop_;
  int fd_;
  Readiness readiness_;
  Wait* reader_ = nullptr;
  Wait* writer_ = nullptr;
  void (*on_event_)(void*) = nullptr;
  void* context_ = nullptr;
  Left left_ = Left::unknown;
  bool has_read_ = false;  // since the late look was put off
};

}  // namespace tollgate::net
