#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdexcept>
#include <utility>

namespace tollgate::net {

namespace {

// TLS 1.2 with forward secrecy and authenticated encryption only; TLS 1.3 suites are OpenSSL's own.
constexpr const char* tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

void set_common(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, tls12_ciphers);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no buffers
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* owner = static_cast<TlsClientContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  owner->keep(*static_cast<const std::string*>(SSL_get_app_data(ssl)), session);
  return 1;  // the reference is ours now
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void*) {
  static const unsigned char http11[] = "\x08http/1.1";
  const auto found = SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, http11,
                                           sizeof http11 - 1, in, in_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

std::string tls_error_text() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no details";
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

TlsServerContext::TlsServerContext(const std::string& certificate_file, const std::string& key_file,
                                   const ClientTrust& clients)
    : context_(SSL_CTX_new(TLS_server_method())) {
  set_common(context_);
  SSL_CTX_set_alpn_select_cb(context_, choose_alpn, nullptr);
  try {
    load(certificate_file, key_file, clients);
  } catch (...) {
    SSL_CTX_free(context_);
    throw;
  }
}

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + tls_error_text()); }

void load_pair(SSL_CTX* context, const std::string& certificate_file, const std::string& key_file) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    fail("cannot use certificate " + certificate_file);
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    fail("cannot use private key " + key_file);
  if (SSL_CTX_check_private_key(context) != 1)
    fail("certificate " + certificate_file + " and key " + key_file + " do not belong together");
}

}  // namespace

void TlsServerContext::load(const std::string& certificate_file, const std::string& key_file,
                            const ClientTrust& clients) {
  load_pair(context_, certificate_file, key_file);
  if (clients.ca_file.empty()) return;
  auto* names = SSL_load_client_CA_file(clients.ca_file.c_str());
  if (!names || SSL_CTX_load_verify_locations(context_, clients.ca_file.c_str(), nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    fail("cannot use the file of client authorities " + clients.ca_file);
  }
  SSL_CTX_set_client_CA_list(context_, names);
  const int required = clients.is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | required, nullptr);
  SSL_CTX_set_verify_depth(context_, 8);
  // Without a name for its sessions OpenSSL refuses to resume those that hold a client's certificate.
  static const unsigned char sessions[] = "tollgate";
  SSL_CTX_set_session_id_context(context_, sessions, sizeof sessions - 1);
}

TlsServerContext::~TlsServerContext() { SSL_CTX_free(context_); }

TlsClientContext::TlsClientContext(const std::string& ca_file, const std::optional<CertificateFiles>& own)
    : context_(SSL_CTX_new(TLS_client_method())) {
  set_common(context_);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  try {
    load(ca_file, own);
  } catch (...) {
    SSL_CTX_free(context_);
    throw;
  }
  static const unsigned char http11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context_, http11, sizeof http11 - 1);
  SSL_CTX_set_app_data(context_, this);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_, keep_session);
}

void TlsClientContext::load(const std::string& ca_file, const std::optional<CertificateFiles>& own) {
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context_)
                                     : SSL_CTX_load_verify_locations(context_, ca_file.c_str(), nullptr);
  if (loaded != 1) fail("cannot use CA file " + ca_file);
  if (own) load_pair(context_, own->certificate, own->key);
}

TlsClientContext::~TlsClientContext() {
  for (const auto& [host, session] : sessions_) SSL_SESSION_free(session);
  SSL_CTX_free(context_);
}

ssl_session_st* TlsClientContext::session(const std::string& host) const {
  const auto found = sessions_.find(host);
  return found == sessions_.end() ? nullptr : found->second;
}

void TlsClientContext::keep(const std::string& host, ssl_session_st* session) {
  const auto found = sessions_.find(host);
  if (found != sessions_.end()) {
    SSL_SESSION_free(std::exchange(found->second, session));
  } else if (sessions_.size() < most_sessions) {
    sessions_.emplace(host, session);
  } else {
    SSL_SESSION_free(session);
  }
}

}  // namespace tollgate::net
