// TLS settings shared by many connections: a server's certificate, a client's trust.
// Thread safety: immutable after construction except for the session that a client keeps for
// resumption; a client context therefore belongs to one worker.
#pragma once

#include "tollgate/config.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

struct ssl_ctx_st;
struct ssl_session_st;

namespace tollgate::net {

// Whose client certificates a server accepts.
struct ClientTrust {
  std::string ca_file;       // PEM; "": no client is asked for a certificate
  bool is_required = false;  // a client without one gets no connection
};

class TlsServerContext {
 public:
  // Loads a PEM chain and key; throws std::runtime_error that names the file and the reason.
  TlsServerContext(const std::string& certificate_file, const std::string& key_file,
                   const ClientTrust& clients = {});
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  ssl_ctx_st* native() const noexcept { return context_; }

 private:
  void load(const std::string& certificate_file, const std::string& key_file, const ClientTrust& clients);

  ssl_ctx_st* context_;
};

class TlsClientContext {
 public:
  // Verifies the peer's chain against `ca_file` ("" = the system's store) and shows `own` to whoever asks for
  // a certificate; throws std::runtime_error when a file cannot be used.
  explicit TlsClientContext(const std::string& ca_file, const std::optional<CertificateFiles>& own = {});
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  ssl_ctx_st* native() const noexcept { return context_; }

  // The latest session with a host, offered again by the next connection to it; null: there is none. A
  // session stands for a certificate that was verified, so it is never offered to another name.
  ssl_session_st* session(const std::string& host) const;
  // Takes the session over. Those of `most_sessions` hosts are kept.
  void keep(const std::string& host, ssl_session_st* session);

 private:
  void load(const std::string& ca_file, const std::optional<CertificateFiles>& own);

  ssl_ctx_st* context_;
  static constexpr std::size_t most_sessions = 64;
  std::map<std::string, ssl_session_st*, std::less<>> sessions_;
};

// The reason of the latest OpenSSL failure on this thread, for logs.
std::string tls_error_text();

}  // namespace tollgate::net
