#include "identity/mapping.hpp"

#include "base/sha256.hpp"

#include <algorithm>

namespace tollgate::identity {

namespace {

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool have_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& word) { return has(b, word); });
}

// `roles` of a user's token are not the application's permissions, and the other way round. Where both
// are asked for, either kind of caller brings its own.
bool has_permission(const ClaimRule& rule, const Claims& claims) {
  if (rule.roles.empty() && rule.scopes.empty()) return true;
  if (claims.is_app_only()) return have_common(rule.roles, claims.roles);
  return have_common(rule.scopes, claims.scopes);
}

}  // namespace

bool matches(const ClaimRule& rule, const Claims& claims) {
  if (!rule.tenant.empty() && rule.tenant != claims.tenant) return false;
  if (!rule.apps.empty() && !has(rule.apps, claims.app)) return false;
  if (!rule.objects.empty() && !has(rule.objects, claims.object)) return false;
  if (!rule.groups.empty() && !have_common(rule.groups, claims.groups)) return false;
  return has_permission(rule, claims);
}

bool matches(const CertificateRule& rule, const ClientCertificate& certificate) {
  switch (rule.kind) {
    case CertificateRule::Kind::sha256: return rule.sha256 == certificate.sha256;
    case CertificateRule::Kind::san: return has(certificate.names, rule.text);
    case CertificateRule::Kind::subject: return rule.text == certificate.subject;
  }
  return false;
}

const Subscription* subscription_of(const Config& config, const Claims& claims) {
  for (const auto& subscription : config.subscriptions) {
    if (subscription->claims && matches(*subscription->claims, claims)) return subscription.get();
  }
  return nullptr;
}

const Subscription* subscription_of(const Config& config, const ClientCertificate& certificate) {
  using Kind = CertificateRule::Kind;
  for (const Kind kind : {Kind::sha256, Kind::san, Kind::subject}) {
    for (const auto& subscription : config.subscriptions) {
      for (const auto& rule : subscription->certificates) {
        if (rule.kind == kind && matches(rule, certificate)) return subscription.get();
      }
    }
  }
  return nullptr;
}

std::string label_of(const KeyDigest& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string label;
  for (std::size_t i = 0; i < 4; ++i) {
    label += digits[digest[i] >> 4];
    label += digits[digest[i] & 15];
  }
  return label;
}

std::string label_of(const Claims& claims) {
  // Tokens of the first form may come without an object id.
  return label_of(base::sha256(claims.tenant + "/" + (claims.object.empty() ? claims.app : claims.object)));
}

}  // namespace tollgate::identity
