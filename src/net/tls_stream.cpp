#include "net/tls_stream.hpp"

#include "net/tcp_bio.hpp"
#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace tollgate::net {

namespace {

// Small parts are gathered into one record; a part at least this long is encrypted where it lies.
constexpr std::size_t record_size = 16 * 1024;

bool is_address(const std::string& host) {
  return host.find(':') != host.npos || host.find_first_not_of("0123456789.") == host.npos;
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<TcpStream> tcp,
                     std::shared_ptr<const TlsServerContext> context)
    : tcp_(std::move(tcp)), context_(context), ssl_(SSL_new(context->native())) {
  use_tcp();
  SSL_set_accept_state(ssl_);
}

TlsStream::TlsStream(std::unique_ptr<TcpStream> tcp, std::shared_ptr<TlsClientContext> context,
                     const std::string& host)
    : tcp_(std::move(tcp)), context_(context), host_(host), ssl_(SSL_new(context->native())) {
  use_tcp();
  SSL_set_app_data(ssl_, &host_);
  SSL_set_connect_state(ssl_);
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_, host.c_str());
    SSL_set1_host(ssl_, host.c_str());
  }
  if (auto* session = context->session(host)) SSL_set_session(ssl_, session);
}

// Reads ahead: a record comes with one system call instead of one for its head and one for the rest.
void TlsStream::use_tcp() {
  BIO* bio = new_bio(*tcp_);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_read_ahead(ssl_, 1);
}

TlsStream::~TlsStream() {
  // Without this OpenSSL takes a connection that ends without close_notify for a broken one and never
  // resumes its session.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

awaitable<std::string> TlsStream::handshake(TimePoint deadline) {
  const bool is_server = SSL_is_server(ssl_);
  if (is_server) tcp_->set_rank(Readiness::Rank::in_line);  // too much work to be done out of turn
  for (;;) {
    ERR_clear_error();
    const int returned = SSL_do_handshake(ssl_);
    if (returned == 1) {
      read_wants_ = Wait::For::read;
      write_wants_ = Wait::For::write;
      if (is_server) tcp_->set_rank(Readiness::Rank::starting);
      tcp_->note_unknown();  // more may have come with the last step and lie in the buffer of SSL
      co_return std::string();
    }
    const int error = SSL_get_error(ssl_, returned);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      const long verdict = SSL_get_verify_result(ssl_);
      if (verdict != X509_V_OK) {
        co_return std::string("certificate refused: ") + X509_verify_cert_error_string(verdict);
      }
      co_return error == SSL_ERROR_SYSCALL ? std::string("connection closed during the handshake")
                                           : tls_error_text();
    }
    const auto wants = error == SSL_ERROR_WANT_READ ? Wait::For::read : Wait::For::write;
    read_wants_ = write_wants_ = wants;
    Wait wait(*this, Wait::For::read, deadline);
    if (co_await wait != Wake::ready) co_return std::string("the handshake took too long");
  }
}

IoResult TlsStream::result_of(int returned, Wait::For& wants) {
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
      wants = Wait::For::read;
      return {IoStatus::would_block, 0};
    case SSL_ERROR_WANT_WRITE: wants = Wait::For::write; return {IoStatus::would_block, 0};
    case SSL_ERROR_ZERO_RETURN: return {IoStatus::eof, 0};
    default: error_ = ERR_peek_error(); return {IoStatus::failed, 0};
  }
}

// With TLS 1.3 a server judges the client's certificate when the client has ended its part of the handshake.
const char* TlsStream::alert() const noexcept {
  const bool is_alert = ERR_GET_LIB(error_) == ERR_LIB_SSL && ERR_GET_REASON(error_) >= SSL_AD_REASON_OFFSET;
  const char* words = is_alert ? ERR_reason_error_string(error_) : nullptr;
  return words ? words : "";
}

IoResult TlsStream::try_read(char* into, std::size_t size) {
  std::size_t total = 0;
  // One record a call is what OpenSSL gives; a reader that got less than it asked for may wait next,
  // so everything that has arrived is taken now.
  while (total < size) {
    ERR_clear_error();
    const int n = SSL_read(ssl_, into + total, static_cast<int>(size - total));
    if (n <= 0) {
      const auto result = result_of(n, read_wants_);
      if (total == 0) return result;
      if (result.status != IoStatus::would_block) tcp_->note_unknown();  // an end, for the next call to tell
      return {IoStatus::ok, total};
    }
    total += static_cast<std::size_t>(n);
    // To meet an end without close_notify makes OpenSSL send no more: that is left to the next call.
    if (tcp_->has_taken_all() && !SSL_has_pending(ssl_)) return {IoStatus::ok, total};
  }
  tcp_->note_unknown();
  return {IoStatus::ok, total};
}

IoResult TlsStream::try_write(std::span<const std::string_view> parts) {
  char record[record_size];
  std::size_t total = 0;
  std::size_t index = 0;
  std::size_t offset = 0;  // into parts[index]
  while (index < parts.size()) {
    std::string_view next = parts[index].substr(offset);
    std::size_t gathered = 0;
    if (next.size() < record_size) {
      for (auto i = index; i < parts.size() && gathered < record_size; ++i) {
        const auto from = i == index ? parts[i].substr(offset) : parts[i];
        const auto n = std::min(from.size(), record_size - gathered);
        std::copy_n(from.data(), n, record + gathered);
        gathered += n;
      }
      next = {record, gathered};
    }
    if (next.empty()) break;
    ERR_clear_error();
    const int n = SSL_write(ssl_, next.data(), static_cast<int>(std::min<std::size_t>(next.size(), 1 << 20)));
    if (n <= 0) {
      const auto result = result_of(n, write_wants_);
      if (total > 0 && result.status == IoStatus::would_block) break;
      return result;
    }
    total += static_cast<std::size_t>(n);
    for (auto left = static_cast<std::size_t>(n); left > 0 || (index < parts.size() && parts[index].size() == offset);) {
      const auto step = std::min(left, parts[index].size() - offset);
      offset += step;
      left -= step;
      if (offset == parts[index].size()) {
        ++index;
        offset = 0;
      }
      if (index == parts.size()) break;
    }
  }
  return {IoStatus::ok, total};
}

void TlsStream::watch(void (*on_event)(void*), void* context) { tcp_->watch(on_event, context); }

void TlsStream::unwatch() { tcp_->unwatch(); }

Peer TlsStream::look() {
  if (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) return Peer::gone;  // told together with its last bytes
  if (!SSL_has_pending(ssl_)) {
    const Peer below = tcp_->look();
    if (below != Peer::sent) return below;
  }
  // Bytes have come: a close_notify says that the peer is leaving, a session ticket says nothing.
  char byte;
  ERR_clear_error();
  const int n = SSL_peek(ssl_, &byte, 1);
  if (n > 0) {
    tcp_->note_unknown();  // they are in the buffer of SSL now
    return Peer::sent;
  }
  const int error = SSL_get_error(ssl_, n);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Peer::silent : Peer::gone;
}

Peer TlsStream::glance() {
  const bool is_told = SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN;
  return is_told || SSL_has_pending(ssl_) || tcp_->glance() != Peer::silent ? look() : Peer::silent;
}

void TlsStream::finish_sending() {
  ERR_clear_error();
  SSL_shutdown(ssl_);
  tcp_->finish_sending();
}

void TlsStream::close() { tcp_->close(); }

bool TlsStream::arm(Wait& wait) {
  const bool is_read = wait.direction() == Wait::For::read;
  return tcp_->arm_as(wait, is_read ? read_wants_ : write_wants_);
}

}  // namespace tollgate::net
