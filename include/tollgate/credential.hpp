// How the gateway proves itself to deployments with access tokens of Entra ID. Part of Config.
//
// Thread safety: immutable after load.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/network.hpp"
#include "tollgate/values.hpp"

#include <cstddef>
#include <string>

namespace tollgate {

enum class CredentialKind : unsigned char {
  managed_identity,    // the machine's or platform's own, asked for at an endpoint on it
  workload_identity,   // a Kubernetes service account's token, exchanged
  client_secret,
  client_certificate,
};

// Which endpoint gives out tokens of managed identities.
enum class IdentityHost : unsigned char {
  imds,         // a virtual machine's metadata service
  app_service,  // App Service, Functions, Container Apps
  azure_ml,     // Azure Machine Learning, and App Service as it was in 2017
};

// Which managed identity; none: the system-assigned one, or the only one there is.
enum class IdentityBy : unsigned char { none, client_id, object_id, resource_id };

// A certificate with its key, for assertions that the gateway signs itself.
struct SigningCertificate {
  std::string sha1;    // of the DER form, 20 bytes: what Entra ID knows a certificate by
  Secret key;          // PEM, RSA
  WallTime expires{};
};

struct TokenCredential {
  std::string name;          // "deployment/NAME" when it is written at a deployment
  Location where;
  CredentialKind kind = CredentialKind::managed_identity;
  std::string resource;      // what tokens are asked for: "https://cognitiveservices.azure.com"
  Network network = Network::any;  // of the token endpoint
  std::string ca_file;       // PEM to trust for the token endpoint instead of the system's; "" = system

  // All but managed identities: an application of a tenant.
  std::string authority;     // "https://login.microsoftonline.com", without a slash at the end
  std::string tenant;        // GUID or domain
  std::string client_id;
  Secret secret;             // client_secret
  std::string token_file;    // workload_identity: read anew for each request
  SigningCertificate certificate;  // client_certificate

  // Managed identities.
  IdentityHost host = IdentityHost::imds;
  std::string endpoint;      // URL; of imds without the path
  Secret endpoint_secret;    // what the endpoint wants in a header, but imds
  IdentityBy by = IdentityBy::none;
  std::string selector;      // its value

  std::size_t index = 0;     // position in Config::credentials
};

}  // namespace tollgate
