// An RSA key made for a test, and what reads its signatures.
#pragma once

#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace tollgate::test {

class KeyPair {
 public:
  KeyPair() : key_(EVP_RSA_gen(2048)) {}
  KeyPair(const KeyPair&) = delete;
  ~KeyPair() { EVP_PKEY_free(key_); }

  std::string pem() const {
    BIO* bytes = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bytes, key_, nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bytes, &text);
    std::string out(text, static_cast<std::size_t>(size));
    BIO_free(bytes);
    return out;
  }
  bool verifies(std::string_view input, std::string_view signature) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key_);
    const bool is_good = EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                          reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
  }

 private:
  EVP_PKEY* key_;
};

inline std::string from_base64url(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string out(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size) - padding);
  return out;
}

}  // namespace tollgate::test
