// OpenSSL's plain SHA-256 functions: they are called deprecated in favour of EVP, which costs more
// than a short hash itself and brings in all of the providers, some 2 MiB, to find this one.
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/sha256.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace tollgate::base {

std::array<unsigned char, 32> sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

bool equal_in_constant_time(const std::array<unsigned char, 32>& a,
                            const std::array<unsigned char, 32>& b) noexcept {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tollgate::base
