// An RSA key of the Entra stand-in: signs tokens and publishes itself as a JWK.
#pragma once

#include <string>
#include <string_view>

#include <openssl/evp.h>

#include "mock_azure/json.hpp"

namespace tollgate::mock {

std::string base64url(std::string_view bytes);  // without padding

class SigningKey {
 public:
  explicit SigningKey(std::string id);  // makes a key of 2,048 bits
  ~SigningKey();
  SigningKey(const SigningKey&) = delete;

  const std::string& id() const { return id_; }
  std::string sign(std::string_view bytes) const;  // RS256
  Json jwk(const std::string& issuer) const;

 private:
  std::string id_;
  EVP_PKEY* key_;
};

}  // namespace tollgate::mock
