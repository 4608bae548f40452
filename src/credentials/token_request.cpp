#include "credentials/token_request.hpp"

namespace tollgate::credentials {

namespace {

// RFC 3986 section 2.3: all but the unreserved characters, for forms and for queries.
std::string encoded(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
      continue;
    }
    constexpr char digits[] = "0123456789ABCDEF";
    out += '%';
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

void add(std::string& parameters, std::string_view name, std::string_view value) {
  if (!parameters.empty()) parameters += '&';
  parameters.append(name).append("=").append(encoded(value));
}

fetch::Request application_request(const TokenCredential& credential, std::string_view assertion, const Renewal& renewal) {
  fetch::Request request;
  request.method = "POST";
  request.url = token_url(credential);
  std::string& form = request.form;
  add(form, "grant_type", "client_credentials");
  add(form, "client_id", credential.client_id);
  add(form, "scope", credential.resource + "/.default");
  if (credential.kind == CredentialKind::client_secret) {
    add(form, "client_secret", credential.secret.reveal());
  } else {
    add(form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    add(form, "client_assertion", assertion);
  }
  if (!renewal.claims.empty()) add(form, "claims", renewal.claims);
  return request;
}

std::string_view selector_name(const TokenCredential& credential) {
  const bool is_old = credential.host == IdentityHost::azure_ml;
  switch (credential.by) {
    case IdentityBy::none: return {};
    case IdentityBy::client_id: return is_old ? "clientid" : "client_id";
    case IdentityBy::object_id: return "object_id";
    // Each endpoint has its own word for the same thing.
    case IdentityBy::resource_id: return credential.host == IdentityHost::imds ? "msi_res_id" : "mi_res_id";
  }
  return {};
}

// The forms are those of the Azure SDKs (entra-identity: IMDS, App Service). No endpoint of a machine is
// ever asked through a proxy, and a redirect is not followed: the secret would travel with it.
fetch::Request machine_request(const TokenCredential& credential, const Renewal& renewal) {
  fetch::Request request;
  request.url = credential.endpoint;
  std::string query;
  switch (credential.host) {
    case IdentityHost::imds:
      request.url += "/metadata/identity/oauth2/token";
      add(query, "api-version", "2018-02-01");
      request.headers = "Metadata: true\r\n";
      break;
    case IdentityHost::app_service:
      add(query, "api-version", "2019-08-01");
      request.headers = "X-IDENTITY-HEADER: " + credential.endpoint_secret.reveal() + "\r\n";
      break;
    case IdentityHost::azure_ml:
      add(query, "api-version", "2017-09-01");
      request.headers = "secret: " + credential.endpoint_secret.reveal() + "\r\n";
      break;
  }
  add(query, "resource", credential.resource);
  if (const auto name = selector_name(credential); !name.empty()) add(query, name, credential.selector);
  // The platform has a cache of its own; only this endpoint can be told to leave a token out of it.
  if (credential.host == IdentityHost::app_service && !renewal.refused_sha256.empty()) {
    add(query, "token_sha256_to_refresh", renewal.refused_sha256);
  }
  request.url += (request.url.find('?') == std::string::npos ? "?" : "&") + query;
  return request;
}

}  // namespace

std::string token_url(const TokenCredential& credential) {
  return credential.authority + "/" + credential.tenant + "/oauth2/v2.0/token";
}

fetch::Request token_request(const TokenCredential& credential, std::string_view assertion, const Renewal& renewal) {
  if (credential.kind == CredentialKind::managed_identity) return machine_request(credential, renewal);
  return application_request(credential, assertion, renewal);
}

}  // namespace tollgate::credentials
