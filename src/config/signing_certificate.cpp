#include "config/signing_certificate.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

namespace tollgate::config {
namespace {

template <class T, auto free_it>
struct Free {
  void operator()(T* object) const { free_it(object); }
};
using Bytes = std::unique_ptr<BIO, Free<BIO, &BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Free<X509, &X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, &EVP_PKEY_free>>;

Bytes bytes_of(const std::string& text) { return Bytes(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// Nobody is there to be asked for a passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::optional<SigningCertificate> read_signing_certificate(const std::string& certificate, const std::string& key,
                                                           std::string& why) {
  const auto refuse = [&why](const char* reason) {
    why = reason;
    ERR_clear_error();
    return std::nullopt;
  };
  const Bytes certificate_bytes = bytes_of(certificate), key_bytes = bytes_of(key);
  const Certificate x509(PEM_read_bio_X509(certificate_bytes.get(), nullptr, nullptr, nullptr));
  if (!x509) return refuse("holds no certificate in PEM form");
  const Key pair(PEM_read_bio_PrivateKey(key_bytes.get(), nullptr, &no_passphrase, nullptr));
  if (!pair) return refuse("holds no private key in PEM form, or one with a passphrase");
  constexpr int least_bits = 2048;
  if (EVP_PKEY_get_base_id(pair.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(pair.get()) < least_bits)
    return refuse("holds a key that is not RSA of 2048 bits or more");
  if (X509_check_private_key(x509.get(), pair.get()) != 1) return refuse("holds a key that is not the certificate's");

  SigningCertificate out;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  X509_digest(x509.get(), EVP_sha1(), digest, &size);
  out.sha1.assign(reinterpret_cast<const char*>(digest), size);
  out.key = Secret(key);
  std::tm end{};
  ASN1_TIME_to_tm(X509_get0_notAfter(x509.get()), &end);
  out.expires = std::chrono::system_clock::from_time_t(::timegm(&end));
  return out;
}

}  // namespace tollgate::config
