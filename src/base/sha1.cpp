// OpenSSL's plain functions, for the reasons that sha256.cpp gives.
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/sha1.hpp"

#include <openssl/sha.h>

namespace tollgate::base {

std::array<unsigned char, 20> sha1(std::string_view bytes) {
  std::array<unsigned char, 20> digest;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, bytes.data(), bytes.size());
  SHA1_Final(digest.data(), &context);
  return digest;
}

}  // namespace tollgate::base
