// Which subscription a proven identity is of. Pure.
#pragma once

#include "identity/token.hpp"
#include "tollgate/config.hpp"

#include <string>

namespace tollgate::identity {

// Whether a verified token says what the rule asks for.
bool matches(const ClaimRule& rule, const Claims& claims);
bool matches(const CertificateRule& rule, const ClientCertificate& certificate);

// The first that matches, in file order; null: none does. Certificates: a fingerprint goes before a
// name, a name before a subject.
const Subscription* subscription_of(const Config& config, const Claims& claims);
const Subscription* subscription_of(const Config& config, const ClientCertificate& certificate);

// 8 hex digits of a credential, the same for its whole life: of a key's digest, of tenant and object of a
// token, of a certificate's fingerprint.
std::string label_of(const KeyDigest& digest);
std::string label_of(const Claims& claims);

}  // namespace tollgate::identity
