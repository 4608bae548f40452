#include "config/tls_files.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <ctime>
#include <memory>

namespace tollgate::config {
namespace {

using File = std::unique_ptr<FILE, int (*)(FILE*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

File open_file(const std::string& path) { return {std::fopen(path.c_str(), "re"), std::fclose}; }

// There is nobody to ask, and OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

std::string certificate_fault(const CertificateFiles& files) {
  const File certificate_file = open_file(files.certificate);
  const File key_file = open_file(files.key);
  if (!certificate_file || !key_file) return "cannot be read";
  const Certificate certificate(PEM_read_X509(certificate_file.get(), nullptr, no_passphrase, nullptr), X509_free);
  const Key key(PEM_read_PrivateKey(key_file.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  const bool do_match = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!certificate) return "holds no certificate in PEM form in " + files.certificate;
  if (!key) return "holds no private key in PEM form without a passphrase in " + files.key;
  if (!do_match) return "holds a key that is not of its certificate";
  return {};
}

std::optional<WallTime> certificate_end(const std::string& path) {
  const File file = open_file(path);
  if (!file) return std::nullopt;
  const Certificate certificate(PEM_read_X509(file.get(), nullptr, no_passphrase, nullptr), X509_free);
  ERR_clear_error();
  std::tm parts{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts) != 1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::vector<std::string> expired_certificates(const Config& config, WallTime now) {
  std::vector<std::string> all;
  const auto look = [&](const std::string& what, std::optional<WallTime> end, const char* then) {
    if (end && *end <= now) all.push_back(what + ": the certificate has expired, " + then);
  };
  if (config.server.tls)
    look("server.tls", certificate_end(config.server.tls->certificate_file), "and clients refuse it");
  for (const auto& deployment : config.deployments)
    if (deployment->client_certificate)
      look("deployments." + deployment->name + ".client_certificate",
           certificate_end(deployment->client_certificate->certificate), "and the deployment refuses calls with it");
  for (const auto& credential : config.credentials)
    if (credential->kind == CredentialKind::client_certificate)
      look("credential " + credential->name, credential->certificate.expires, "and Entra ID gives no tokens for it");
  return all;
}

}  // namespace tollgate::config
