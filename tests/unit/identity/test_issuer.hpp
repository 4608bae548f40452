// A tenant for tests: a key made by OpenSSL, tokens signed with it, and the documents it publishes.
#pragma once

#include "identity/verify.hpp"

#include <nlohmann/json.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <string>
#include <string_view>

namespace tollgate::identity::test {

using Json = nlohmann::ordered_json;

inline constexpr const char* tenant = "11111111-2222-3333-4444-555555555555";
inline constexpr const char* other_tenant = "99999999-2222-3333-4444-555555555555";
inline constexpr const char* app = "aaaaaaaa-0000-0000-0000-000000000001";
inline constexpr const char* object = "bbbbbbbb-0000-0000-0000-000000000001";
inline constexpr const char* audience = "api://tollgate";
inline constexpr std::int64_t now = 1'790'000'000;

inline std::string encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

class Signer {
 public:
  explicit Signer(std::string id = "key-1", unsigned bits = 2048) : id_(std::move(id)), key_(EVP_RSA_gen(bits)) {}
  ~Signer() { EVP_PKEY_free(key_); }
  Signer(const Signer&) = delete;

  const std::string& id() const { return id_; }

  std::string sign(std::string_view input) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_));
    std::string signature(size, '\0');
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(input.data()), input.size());
    EVP_MD_CTX_free(context);
    signature.resize(size);
    return signature;
  }

  Json jwk() const {
    return {{"kty", "RSA"}, {"use", "sig"}, {"kid", id_}, {"n", number(OSSL_PKEY_PARAM_RSA_N)},
            {"e", number(OSSL_PKEY_PARAM_RSA_E)}};
  }

 private:
  std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_, name, &value);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
    BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(value);
    return encode(bytes);
  }
  std::string id_;
  EVP_PKEY* key_;
};

// One key for all tests: making one takes a while.
inline const Signer& signer() {
  static const Signer one;
  return one;
}

inline std::string issuer_v2(std::string_view of = tenant) {
  return "https://login.microsoftonline.com/" + std::string(of) + "/v2.0";
}
inline std::string issuer_v1(std::string_view of = tenant) {
  return "https://sts.windows.net/" + std::string(of) + "/";
}

inline Json header_of(const Signer& by = signer()) {
  return {{"typ", "JWT"}, {"alg", "RS256"}, {"kid", by.id()}};
}

inline Json app_claims() {
  return {{"aud", audience}, {"iss", issuer_v2()}, {"iat", now}, {"nbf", now}, {"exp", now + 3600}, {"azp", app},
          {"oid", object},   {"sub", object},      {"tid", tenant}, {"ver", "2.0"}, {"roles", {"Chat.Invoke"}}};
}

inline Json user_claims() {
  Json claims = app_claims();
  claims["sub"] = "pairwise-subject";
  claims["scp"] = "Chat.Invoke Files.Read";
  claims.erase("roles");
  return claims;
}

inline std::string token_of(const std::string& header, const std::string& claims, const Signer& by = signer()) {
  const std::string input = encode(header) + "." + encode(claims);
  return input + "." + encode(by.sign(input));
}
inline std::string token_of(const Json& claims, const Signer& by = signer()) {
  return token_of(header_of(by).dump(), claims.dump(), by);
}

inline KeySet keys_of(const Signer& by = signer(), const std::string& issuer = {}) {
  Json key = by.jwk();
  if (!issuer.empty()) key["issuer"] = issuer;
  return parse_key_set(Json{{"keys", {key}}}.dump(), tenant);
}

inline std::shared_ptr<const Issuer> issuer_of(TokenVersion version, KeySet keys = keys_of()) {
  auto issuer = std::make_shared<Issuer>();
  issuer->tenant = tenant;
  issuer->version = version;
  issuer->name = version == TokenVersion::v2 ? issuer_v2() : issuer_v1();
  issuer->keys = std::move(keys);
  issuer->trusted_until = now + 1000;
  return issuer;
}

// Both forms of tokens of the tenant are known.
inline TrustedIssuers trusted() {
  TrustedIssuers out;
  out.entries.push_back({tenant, TokenVersion::v1, issuer_of(TokenVersion::v1)});
  out.entries.push_back({tenant, TokenVersion::v2, issuer_of(TokenVersion::v2)});
  return out;
}

inline EntraConfig rules() {
  EntraConfig out;
  out.tenants = {tenant};
  out.audiences = {audience, "cccccccc-0000-0000-0000-000000000001"};
  return out;
}

}  // namespace tollgate::identity::test
