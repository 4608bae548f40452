#include "mock_azure/client_proof.hpp"

#include <memory>
#include <optional>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "mock_azure/json.hpp"
#include "mock_azure/signing_key.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::string_view assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

std::string from_base64url(std::string_view text) {
  std::string padded(text);
  for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const std::size_t padding = (4 - padded.size() % 4) % 4;
  padded.append(padding, '=');
  std::string out(padded.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size) - padding);
  return out;
}

struct Jwt {
  Json header, claims;
  std::string_view signed_part;
  std::string signature;
};

std::optional<Jwt> parse_jwt(std::string_view text) {
  const std::size_t first = text.find('.');
  const std::size_t second = first == text.npos ? text.npos : text.find('.', first + 1);
  if (second == text.npos) return std::nullopt;
  Jwt jwt;
  jwt.header = parse_json(from_base64url(text.substr(0, first)));
  jwt.claims = parse_json(from_base64url(text.substr(first + 1, second - first - 1)));
  jwt.signed_part = text.substr(0, second);
  jwt.signature = from_base64url(text.substr(second + 1));
  if (!jwt.header.is_object() || !jwt.claims.is_object()) return std::nullopt;
  return jwt;
}

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate certificate_of(const std::string& pem) {
  BIO* bytes = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(bytes, nullptr, nullptr, nullptr), &X509_free);
  BIO_free(bytes);
  return certificate;
}

bool is_signed_by(const Jwt& jwt, X509* certificate) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool is_good =
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, X509_get0_pubkey(certificate)) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(jwt.signature.data()), jwt.signature.size(),
                       reinterpret_cast<const unsigned char*>(jwt.signed_part.data()), jwt.signed_part.size()) == 1;
  EVP_MD_CTX_free(context);
  return is_good;
}

std::string thumbprint_of(X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha1(), digest, &size);
  return {reinterpret_cast<char*>(digest), size};
}

std::string hex_of(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    constexpr char digits[] = "0123456789ABCDEF";
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::string refusal_of_certificate(const ClientProof& proof, const AppConfig& app, std::int64_t now) {
  const auto jwt = parse_jwt(proof.assertion);
  if (!jwt) return "AADSTS50027: JWT token is invalid or malformed.";
  const auto certificate = certificate_of(app.certificate);
  if (!certificate) return "AADSTS700027: The certificate of the app cannot be read.";
  const std::string thumbprint = thumbprint_of(certificate.get());
  if (string_member(jwt->header, "alg") != "RS256" || string_member(jwt->header, "typ") != "JWT" ||
      string_member(jwt->header, "x5t") != base64url(thumbprint) ||
      !iequals(string_member(jwt->header, "kid"), hex_of(thumbprint))) {
    return "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application.";
  }
  if (!is_signed_by(*jwt, certificate.get())) return "AADSTS700027: Client assertion failed signature validation.";
  if (string_member(jwt->claims, "aud") != proof.audience) return "AADSTS700023: Client assertion audience claim does not match.";
  if (string_member(jwt->claims, "iss") != proof.client_id || string_member(jwt->claims, "sub") != proof.client_id) {
    return "AADSTS700021: Client assertion application identifier doesn't match 'client_id' parameter.";
  }
  constexpr std::int64_t longest = 24 * 3600;
  const std::int64_t expires = int_member(jwt->claims, "exp", 0);
  if (expires <= now || expires > now + longest || string_member(jwt->claims, "jti").empty()) {
    return "AADSTS700024: Client assertion is not within its valid time range.";
  }
  return {};
}

}  // namespace

std::string_view kind_of(const ClientProof& proof) {
  if (!proof.secret.empty()) return "secret";
  const auto jwt = parse_jwt(proof.assertion);
  return jwt && jwt->header.contains("x5t") ? "certificate" : "federated";
}

std::string refusal_of(const ClientProof& proof, const AppConfig* app, std::int64_t now) {
  const bool has_assertion = !proof.assertion.empty();
  if (proof.secret.empty() && !has_assertion) return "AADSTS7000218: The request body must contain 'client_assertion' or 'client_secret'.";
  if (has_assertion && proof.assertion_type != assertion_type) return "AADSTS50027: The client_assertion_type is not known.";
  if (app == nullptr || (app->secret.empty() && app->certificate.empty() && app->federated.empty())) return {};
  if (!has_assertion) {
    if (!app->secret.empty() && app->secret == proof.secret) return {};
    return "AADSTS7000215: Invalid client secret provided.";
  }
  if (kind_of(proof) == "certificate") return refusal_of_certificate(proof, *app, now);
  if (!app->federated.empty() && app->federated == proof.assertion) return {};
  return "AADSTS700213: No matching federated identity record found for presented assertion subject.";
}

}  // namespace tollgate::mock
