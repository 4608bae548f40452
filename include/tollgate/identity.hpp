// Who may call: what proves a caller to be of a subscription, and from when until when. Part of Config.
//
// Thread safety: immutable after load.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/network.hpp"
#include "tollgate/values.hpp"

#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace tollgate {

using KeyDigest = std::array<unsigned char, 32>;  // SHA-256 of a subscription key, or of a certificate

// [not_before, expires)
struct Validity {
  WallTime not_before = WallTime::min();
  WallTime expires = WallTime::max();
  bool has_begun(WallTime now) const noexcept { return now >= not_before; }
  bool has_ended(WallTime now) const noexcept { return now >= expires; }
  bool operator==(const Validity&) const = default;
};

struct SubscriptionKey {
  KeyDigest digest{};
  Validity validity;
  Location where;
};

// What an Entra ID token must say to be of a subscription: every list that is not empty has to be met
// by one of its words. GUIDs are in lower case.
struct ClaimRule {
  std::string tenant;                // "": any of the configured tenants
  std::vector<std::string> apps;     // calling application: `azp`, `appid`
  std::vector<std::string> objects;  // user or service principal: `oid`
  std::vector<std::string> roles;    // of an application
  std::vector<std::string> scopes;   // of a user
  std::vector<std::string> groups;
  Location where;

  bool names_nobody() const noexcept {
    return apps.empty() && objects.empty() && roles.empty() && scopes.empty() && groups.empty();
  }
};

// Which client certificates are a subscription's.
struct CertificateRule {
  enum class Kind : unsigned char { sha256, san, subject };
  Kind kind = Kind::sha256;
  KeyDigest sha256{};  // of the DER form
  std::string text;    // one subject alternative name; or the subject as RFC 2253 writes it
  Location where;
};

// What is known of a client's certificate after its chain has been verified.
struct ClientCertificate {
  KeyDigest sha256{};
  std::string subject;             // RFC 2253: "CN=payments,O=Contoso"
  std::vector<std::string> names;  // subject alternative names: DNS (lower case), URI, mail
  WallTime expires{};              // connections and resumed sessions may live longer than it
};

// Entra ID access tokens.
struct EntraConfig {
  std::vector<std::string> tenants;    // GUIDs, lower case
  std::vector<std::string> audiences;  // what `aud` may say
  std::string authority = "https://login.microsoftonline.com";  // without a slash at the end
  std::string ca_file;                 // PEM to trust instead of the system's
  Network network = Network::any;      // of the connections that fetch the keys
  std::chrono::milliseconds skew{300'000};          // by which clocks may differ
  std::chrono::milliseconds refresh{86'400'000};    // of the signing keys
  std::chrono::milliseconds refresh_gap{300'000};   // between two refreshes that unknown key ids cause
  bool operator==(const EntraConfig&) const = default;
};

}  // namespace tollgate
