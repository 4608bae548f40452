#include "mock_azure/signing_key.hpp"

#include <stdexcept>
#include <vector>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

std::string number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw std::runtime_error("no RSA key");
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return base64url(bytes);
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text = base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

SigningKey::SigningKey(std::string id) : id_(std::move(id)), key_(EVP_RSA_gen(2048)) {
  if (key_ == nullptr) throw std::runtime_error("cannot make an RSA key");
}

SigningKey::~SigningKey() { EVP_PKEY_free(key_); }

std::string SigningKey::sign(std::string_view bytes) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_));
  std::string signature(size, '\0');
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_);
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                 reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return signature;
}

Json SigningKey::jwk(const std::string& issuer) const {
  return Json{{"kty", "RSA"},
              {"use", "sig"},
              {"kid", id_},
              {"x5t", id_},
              {"n", number_of(key_, OSSL_PKEY_PARAM_RSA_N)},
              {"e", number_of(key_, OSSL_PKEY_PARAM_RSA_E)},
              {"issuer", issuer}};
}

}  // namespace tollgate::mock
