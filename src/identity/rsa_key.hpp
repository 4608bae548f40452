// One public signing key of an issuer.
// Thread safety: immutable; any thread.
#pragma once

#include <memory>
#include <string_view>

struct evp_pkey_st;

namespace tollgate::identity {

class RsaKey {
 public:
  // From modulus and exponent as big-endian bytes; null when they make no key of 2,048 to 8,192 bits.
  static std::shared_ptr<const RsaKey> make(std::string_view modulus, std::string_view exponent);
  explicit RsaKey(evp_pkey_st* key) noexcept : key_(key) {}
  RsaKey(const RsaKey&) = delete;
  ~RsaKey();

  // RSASSA-PKCS1-v1_5 with SHA-256: RS256.
  bool verifies(std::string_view signing_input, std::string_view signature) const;

 private:
  evp_pkey_st* key_;
};

}  // namespace tollgate::identity
