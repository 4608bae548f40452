#include "credentials/identity.hpp"

#include <string_view>

namespace tollgate::credentials {

const char* text_of(CredentialKind kind) noexcept {
  switch (kind) {
    case CredentialKind::managed_identity: return "managed_identity";
    case CredentialKind::workload_identity: return "workload_identity";
    case CredentialKind::client_secret: return "client_secret";
    case CredentialKind::client_certificate: return "client_certificate";
  }
  return "";
}

const char* text_of(IdentityHost host) noexcept {
  switch (host) {
    case IdentityHost::imds: return "imds";
    case IdentityHost::app_service: return "app_service";
    case IdentityHost::azure_ml: return "azure_ml";
  }
  return "";
}

std::string identity_of(const TokenCredential& credential) {
  std::string identity;
  const auto add = [&identity](std::string_view part) { identity.append(part).append("\n"); };
  add(credential.resource);
  if (credential.kind != CredentialKind::managed_identity) {
    // An application's tokens are the same whether a secret or a certificate proves it.
    add("application");
    add(credential.authority);
    add(credential.tenant);
    add(credential.client_id);
    return identity;
  }
  add(text_of(credential.host));
  add(credential.endpoint);
  add(std::to_string(static_cast<int>(credential.by)));
  add(credential.selector);
  return identity;
}

bool is_fetched_alike(const TokenCredential& a, const TokenCredential& b) noexcept {
  return a.kind == b.kind && a.network == b.network && a.ca_file == b.ca_file && a.secret.reveal() == b.secret.reveal() && a.token_file == b.token_file &&
         a.certificate.sha1 == b.certificate.sha1 && a.endpoint_secret.reveal() == b.endpoint_secret.reveal();
}

}  // namespace tollgate::credentials
