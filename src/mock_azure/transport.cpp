#include "mock_azure/transport.hpp"

#include <cerrno>
#include <climits>
#include <stdexcept>

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tollgate::mock {
namespace {

std::runtime_error tls_error(const std::string& what) {
  char reason[256];
  ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
  return std::runtime_error(what + ": " + reason);
}

int choose_http11(SSL*, const unsigned char** out, unsigned char* out_size,
                  const unsigned char* offered, unsigned int offered_size, void*) {
  static const unsigned char ours[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int clamp(std::size_t size) { return size > INT_MAX ? INT_MAX : static_cast<int>(size); }

}  // namespace

SslContext make_server_context(const std::string& certificate, const std::string& key) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) throw tls_error("TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http11, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
    throw tls_error(certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    throw tls_error(key);
  }
  return context;
}

Transport::Transport(int fd, SSL_CTX* context) : fd_(fd) {
  if (context == nullptr) return;
  ssl_ = SSL_new(context);
  if (ssl_ == nullptr || SSL_set_fd(ssl_, fd) != 1) return;
  SSL_set_accept_state(ssl_);
}

Transport::~Transport() {
  if (ssl_ != nullptr) {
    if (!resets_ && SSL_is_init_finished(ssl_)) {
      ERR_clear_error();
      SSL_shutdown(ssl_);
    }
    SSL_free(ssl_);
  }
  ::close(fd_);
}

void Transport::set_reset_on_close() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  resets_ = true;
}

IoResult Transport::read(char* data, std::size_t size) {
  using State = IoResult::State;
  if (ssl_ == nullptr) {
    for (;;) {
      const ssize_t n = ::recv(fd_, data, size, 0);
      if (n > 0) return {State::done, static_cast<std::size_t>(n)};
      if (n < 0 && errno == EINTR) continue;
      return {n < 0 && errno == EAGAIN ? State::again : State::closed, 0};
    }
  }
  ERR_clear_error();
  const int n = SSL_read(ssl_, data, clamp(size));
  read_waits_for_write_ = false;
  if (n > 0) return {State::done, static_cast<std::size_t>(n)};
  const int error = SSL_get_error(ssl_, n);
  read_waits_for_write_ = error == SSL_ERROR_WANT_WRITE;
  const bool again = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  return {again ? State::again : State::closed, 0};
}

IoResult Transport::write(const char* data, std::size_t size) {
  using State = IoResult::State;
  if (ssl_ == nullptr) {
    for (;;) {
      const ssize_t n = ::send(fd_, data, size, MSG_NOSIGNAL);
      if (n >= 0) return {State::done, static_cast<std::size_t>(n)};
      if (errno == EINTR) continue;
      return {errno == EAGAIN ? State::again : State::closed, 0};
    }
  }
  ERR_clear_error();
  const int n = SSL_write(ssl_, data, clamp(size));
  if (n > 0) return {State::done, static_cast<std::size_t>(n)};
  const int error = SSL_get_error(ssl_, n);
  const bool again = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  return {again ? State::again : State::closed, 0};
}

}  // namespace tollgate::mock
