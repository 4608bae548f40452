// What holds between the fields that say who may call.
#include "config/identity_fields.hpp"

#include <algorithm>

namespace tollgate::config {

void check_order(const Validity& validity, const Location& where, Context& context) {
  if (validity.not_before >= validity.expires)
    context.refuse(where, "it expires before it begins; `expires` must be later than `not_before`");
}

namespace {

Location place_in(const Node& root, std::initializer_list<std::string_view> path) {
  const Node* node = &root;
  Location where = root.where;
  for (std::string_view name : path) {
    const Entry* entry = node->find(name);
    if (!entry) break;
    where = entry->where;
    node = &entry->value;
  }
  return where;
}

void check_tenants(const Draft& draft, const EntraConfig& entra, const Node& root, Context& context) {
  bool is_used = false;
  for (const SubscriptionDraft& s : draft.subscriptions) {
    if (!s.claims) continue;
    is_used = true;
    const auto& tenant = s.claims->tenant;
    const bool is_known = std::find(entra.tenants.begin(), entra.tenants.end(), tenant) != entra.tenants.end();
    if (!tenant.empty() && !is_known && !entra.tenants.empty())
      context.refuse(s.claims->where, "the tenant " + tenant + " is not one of identity.entra.tenants");
  }
  if (!is_used && context.problems.empty())
    context.refuse(place_in(root, {"identity", "entra"}),
                   "no subscription has claims, so no token would be accepted; give one claims or remove entra");
}

void check_claims(const Draft& draft, const Node& root, Context& context) {
  if (draft.identity.entra) return check_tenants(draft, *draft.identity.entra, root, context);
  for (const SubscriptionDraft& s : draft.subscriptions)
    if (s.claims)
      context.refuse(s.claims->where, "claims need identity.entra, which says whose tokens are accepted");
}

bool is_same(const CertificateRule& a, const CertificateRule& b) {
  return a.kind == b.kind && a.sha256 == b.sha256 && a.text == b.text;
}

void check_certificates(const Draft& draft, const Node& root, Context& context) {
  const bool is_asked = draft.server.tls && !draft.server.tls->client_ca_file.empty();
  std::vector<std::pair<const CertificateRule*, const SubscriptionDraft*>> seen;
  for (const SubscriptionDraft& s : draft.subscriptions) {
    for (const CertificateRule& rule : s.certificates) {
      if (!is_asked)
        context.refuse(rule.where, "certificates need server.tls.client_ca, which says whose are accepted");
      for (const auto& [other, owner] : seen)
        if (is_same(*other, rule))
          context.refuse(rule.where, "this certificate is also one of subscription " + cited(owner->name) +
                                         "; a certificate has one owner");
      seen.emplace_back(&rule, &s);
    }
  }
  const bool is_gate = draft.server.tls && draft.server.tls->client_certificates == ClientCertificates::required;
  if (is_asked && !is_gate && seen.empty() && context.problems.empty())
    context.refuse(place_in(root, {"server", "tls", "client_ca"}),
                   "no subscription has certificates, so optional client certificates change nothing; give one "
                   "certificates or write client_certificates: required");
  const Location said = place_in(root, {"server", "tls", "client_certificates"});
  const bool is_said = said.line != place_in(root, {"server", "tls"}).line ||
                       said.column != place_in(root, {"server", "tls"}).column;
  if (draft.server.tls && !is_asked && is_said)
    context.refuse(said, "client_certificates needs client_ca, which says whose are accepted");
}

}  // namespace

void check_identity(const Draft& draft, const Node& root, Context& context) {
  for (const SubscriptionDraft& s : draft.subscriptions) {
    const auto said = [&](const char* name) { return s.node->kind != Node::Kind::map || s.node->find(name); };
    if (!said("keys") && !said("claims") && !said("certificates"))
      context.refuse(s.where, "\"keys\" is missing; write keys: [env:PAYMENTS_KEY_1], or claims, or certificates");
    check_order(s.validity, s.where, context);
  }
  check_claims(draft, root, context);
  check_certificates(draft, root, context);
  constexpr std::size_t least_token = 16;
  const auto& token = draft.server.admin_token;
  if (!token.is_empty() && token.reveal().size() < least_token)
    context.refuse(place_in(root, {"server", "admin_token"}),
                   "the admin token is shorter than 16 characters; `tollgate keys new` makes a good one");
}

}  // namespace tollgate::config
