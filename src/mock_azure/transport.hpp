// One byte stream over a non-blocking socket, plain or TLS.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace tollgate::mock {

struct SslContextDelete {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDelete>;

// Throws std::runtime_error with OpenSSL's reason.
SslContext make_server_context(const std::string& certificate, const std::string& key);

struct IoResult {
  enum class State { done, again, closed } state;
  std::size_t bytes = 0;
};

class Transport {
 public:
  Transport(int fd, SSL_CTX* context);  // context may be null: plain TCP
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  int fd() const { return fd_; }
  IoResult read(char* data, std::size_t size);
  IoResult write(const char* data, std::size_t size);
  // A read that TLS cannot finish before it may write, as in a handshake.
  bool read_waits_for_write() const { return read_waits_for_write_; }
  // TLS may hold decrypted bytes that epoll knows nothing of.
  bool has_pending() const { return ssl_ != nullptr && SSL_pending(ssl_) > 0; }
  void set_reset_on_close();

 private:
  int fd_;
  SSL* ssl_ = nullptr;
  bool read_waits_for_write_ = false;
  bool resets_ = false;
};

}  // namespace tollgate::mock
