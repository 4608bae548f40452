#include "credentials/assertion.hpp"

#include "base/json_text.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdint>
#include <memory>

namespace tollgate::credentials {

namespace {

constexpr std::int64_t lifetime_seconds = 600;

template <class T, auto free_it>
struct Free {
  void operator()(T* object) const { free_it(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, &EVP_PKEY_free>>;
using Bytes = std::unique_ptr<BIO, Free<BIO, &BIO_free_all>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX, &EVP_MD_CTX_free>>;

std::string base64url(std::string_view bytes) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve(bytes.size() * 4 / 3 + 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    count += 8;
    while (count >= 6) {
      count -= 6;
      out += letters[bits >> count & 63];
    }
  }
  if (count > 0) out += letters[bits << (6 - count) & 63];
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr char digits[] = "0123456789ABCDEF";
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  json_escape(out, text);
  return out + '"';
}

std::string signature_of(const std::string& key_pem, std::string_view input) {
  const Bytes pem(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const Key key(PEM_read_bio_PrivateKey(pem.get(), nullptr, nullptr, nullptr));
  const Digest context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  std::size_t size = 0;
  std::string signature;
  if (key && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes, input.size()) == 1) {
    signature.resize(size);
    const bool is_signed =
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, input.size()) == 1;
    signature.resize(is_signed ? size : 0);
  }
  ERR_clear_error();
  return signature;
}

}  // namespace

std::string make_assertion(const SigningCertificate& certificate, std::string_view client_id, std::string_view audience,
                           std::string_view id, std::int64_t now) {
  const std::string header = R"({"alg":"RS256","typ":"JWT","x5t":)" + quoted(base64url(certificate.sha1)) +
                             ",\"kid\":" + quoted(hex(certificate.sha1)) + "}";
  const std::string claims = "{\"aud\":" + quoted(audience) + ",\"iss\":" + quoted(client_id) + ",\"sub\":" +
                             quoted(client_id) + ",\"jti\":" + quoted(id) + ",\"nbf\":" + std::to_string(now) +
                             ",\"iat\":" + std::to_string(now) + ",\"exp\":" + std::to_string(now + lifetime_seconds) + "}";
  const std::string input = base64url(header) + "." + base64url(claims);
  const std::string signature = signature_of(certificate.key.reveal(), input);
  if (signature.empty()) return {};
  return input + "." + base64url(signature);
}

}  // namespace tollgate::credentials
