#include "identity/new_key.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

namespace tollgate::identity {

std::string make_key() {
  std::array<unsigned char, 32> bits;
  if (RAND_bytes(bits.data(), static_cast<int>(bits.size())) != 1) return {};
  std::array<unsigned char, 48> text{};
  const int length = EVP_EncodeBlock(text.data(), bits.data(), static_cast<int>(bits.size()));
  std::string key = "tg-";
  for (int i = 0; i < length; ++i) {
    const char c = static_cast<char>(text[static_cast<std::size_t>(i)]);
    if (c != '=') key += c == '+' ? '-' : c == '/' ? '_' : c;
  }
  OPENSSL_cleanse(bits.data(), bits.size());
  OPENSSL_cleanse(text.data(), text.size());
  return key;
}

}  // namespace tollgate::identity
