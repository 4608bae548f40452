#include "identity/rsa_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace tollgate::identity {

namespace {

template <class T, void (*free_it)(T*)>
struct Free {
  void operator()(T* object) const { free_it(object); }
};
template <class T, void (*free_it)(T*)>
using Owned = std::unique_ptr<T, Free<T, free_it>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Owned<BIGNUM, BN_free> number(std::string_view bytes) {
  return Owned<BIGNUM, BN_free>(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

}  // namespace

std::shared_ptr<const RsaKey> RsaKey::make(std::string_view modulus, std::string_view exponent) {
  constexpr std::size_t most = 1024, least_exponent = 3;
  if (modulus.size() > most || exponent.empty() || exponent.size() > 4) return nullptr;
  const auto n = number(modulus);
  const auto e = number(exponent);
  if (!n || !e || BN_num_bits(n.get()) < 2048 || !BN_is_odd(n.get())) return nullptr;
  if (!BN_is_odd(e.get()) || BN_get_word(e.get()) < least_exponent) return nullptr;
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || !parameters || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return std::make_shared<const RsaKey>(key);
}

RsaKey::~RsaKey() { EVP_PKEY_free(key_); }

bool RsaKey::verifies(std::string_view signing_input, std::string_view signature) const {
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const bool is_good =
      context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(signing_input),
                       signing_input.size()) == 1;
  if (!is_good) ERR_clear_error();
  return is_good;
}

}  // namespace tollgate::identity
