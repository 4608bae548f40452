// TLS over a TcpStream as a ByteStream.
// One thread: the worker's.
#pragma once

#include "net/tcp_stream.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/identity.hpp"

#include <memory>
#include <string>

struct ssl_st;

namespace tollgate::net {

class TlsServerContext;
class TlsClientContext;
struct TlsTrace;

class TlsStream final : public ByteStream {
 public:
  // The server's side of an accepted connection.
  TlsStream(std::unique_ptr<TcpStream> tcp, std::shared_ptr<const TlsServerContext> context);
  // The client's side: SNI and the certificate's name are `host`.
  TlsStream(std::unique_ptr<TcpStream> tcp, std::shared_ptr<TlsClientContext> context,
            const std::string& host);
  ~TlsStream() override;

  // Must succeed before anything else; "" or the reason of the failure.
  awaitable<std::string> handshake(TimePoint deadline);

  // Of the other side, after a handshake that verified it; null: it showed none.
  std::unique_ptr<const ClientCertificate> peer_certificate() const;

  // What is known of the handshake and of the other side's certificate, also when it was not accepted.
  void describe(TlsTrace& trace) const;

  IoResult try_read(char* into, std::size_t size) override;
  IoResult try_write(std::span<const std::string_view> parts) override;
  void watch(void (*on_event)(void*), void* context) override;
  void unwatch() override;
  Peer look() override;
  Peer glance() override;
  const char* alert() const noexcept override;
  void finish_sending() override;
  void close() override;
  bool is_open() const noexcept override { return tcp_->is_open(); }
  bool is_encrypted() const noexcept override { return true; }
  void disarm(Wait& wait) noexcept override { tcp_->disarm(wait); }

 private:
  void use_tcp();
  bool arm(Wait& wait) override;
  IoResult result_of(int returned, Wait::For& wants);

  std::unique_ptr<TcpStream> tcp_;
  std::shared_ptr<const void> context_;
  std::string host_;  // of a client's side
  ssl_st* ssl_;
  Wait::For read_wants_ = Wait::For::read;    // what would_block waits for
  Wait::For write_wants_ = Wait::For::write;
  unsigned long error_ = 0;  // OpenSSL's, of the call that failed
};

}  // namespace tollgate::net
