// What the other side's certificate says.
#include "net/tls_stream.hpp"

#include "net/connect_trace.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cctype>
#include <ctime>

namespace tollgate::net {

namespace {

std::string text_of(const X509_NAME* name) {
  BIO* out = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  std::string text(bytes, size > 0 ? static_cast<std::size_t>(size) : 0);
  BIO_free(out);
  return text;
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_DNS && name->type != GEN_URI && name->type != GEN_EMAIL) continue;
    const ASN1_IA5STRING* value = name->d.ia5;
    std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                     static_cast<std::size_t>(ASN1_STRING_length(value)));
    // "a.example\0.evil.example" reads as two different names.
    if (text.find('\0') != std::string::npos) continue;
    if (name->type == GEN_DNS) {
      for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    names.push_back(std::move(text));
  }
  GENERAL_NAMES_free(list);
  return names;
}

WallTime end_of(X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return WallTime::min();
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

CertificateFault fault_of(long verdict) {
  switch (verdict) {
    case X509_V_OK: return CertificateFault::none;
    case X509_V_ERR_CERT_HAS_EXPIRED: return CertificateFault::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return CertificateFault::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return CertificateFault::wrong_name;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return CertificateFault::unknown_authority;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return CertificateFault::self_signed;
    default: return CertificateFault::other;
  }
}

}  // namespace

void TlsStream::describe(TlsTrace& trace) const {
  trace.fault = fault_of(SSL_get_verify_result(ssl_));
  trace.version = SSL_get_version(ssl_);
  // A certificate that was refused is in the chain alone, that of a resumed session is not in one.
  STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl_);
  X509* certificate = chain && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : SSL_get0_peer_certificate(ssl_);
  if (!certificate) return;
  trace.names = names_of(certificate);
  trace.issuer = text_of(X509_get_issuer_name(certificate));
  trace.ends = end_of(certificate);
}

std::unique_ptr<const ClientCertificate> TlsStream::peer_certificate() const {
  X509* certificate = SSL_get1_peer_certificate(ssl_);
  if (!certificate) return nullptr;
  auto found = std::make_unique<ClientCertificate>();
  unsigned int size = 0;
  const bool is_proven = SSL_get_verify_result(ssl_) == X509_V_OK &&
                         X509_digest(certificate, EVP_sha256(), found->sha256.data(), &size) == 1;
  if (is_proven) {
    found->subject = text_of(X509_get_subject_name(certificate));
    found->names = names_of(certificate);
    found->expires = end_of(certificate);
  }
  X509_free(certificate);
  if (!is_proven) return nullptr;
  return found;
}

}  // namespace tollgate::net
