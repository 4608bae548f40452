#include "config/identity_fields.hpp"

#include "config/identity_codecs.hpp"
#include "config/network_fields.hpp"
#include "config/secrets.hpp"

namespace tollgate::config {
namespace {

using namespace std::chrono_literals;

constexpr const char* key_forms = "env:NAME, file:PATH or sha256:HASH";

void read_key(const Node& node, SubscriptionKey& key, SubscriptionDraft& draft, Context& context) {
  if (!expect_scalar(node, key_forms, context)) return;
  Fault fault;
  const auto digest = resolve_key(node.text, context.files_read, fault);
  if (!digest) return context.refuse(node.where, std::move(fault));
  key.digest = *digest;
  key.where = node.where;
  draft.keys.push_back(key);
}

// {key: env:NAME, not_before: DATE, expires: DATE}
void read_dated_key(const Node& node, SubscriptionDraft& draft, Context& context) {
  struct KeyDraft : Validity {
    const Node* key = nullptr;
  };
  struct KeyNode {
    void read(const Node& given, const Node*& value, Context&) const { value = &given; }
    std::string show(const Node*) const { return {}; }
    std::string schema() const { return "{}"; }
    std::string example() const { return "env:PAYMENTS_KEY_1"; }
  };
  Fields<KeyDraft> f;
  f.required("key", &KeyDraft::key, KeyNode{}, "");
  f.optional("not_before", &Validity::not_before, DateValue{}, "");
  f.optional("expires", &Validity::expires, DateValue{}, "");
  KeyDraft dated;
  f.read(node, node.where, dated, context);
  if (!dated.key) return;
  check_order(dated, node.where, context);
  SubscriptionKey key;
  key.validity = dated;
  read_key(*dated.key, key, draft, context);
}

// One or two keys: two while one replaces the other.
Field<SubscriptionDraft> keys_field() {
  Field<SubscriptionDraft> field;
  field.name = "keys";
  field.meaning =
      "One or two keys, each as sha256:HASH, env:NAME or file:PATH, or as {key: ..., not_before: DATE, "
      "expires: DATE}. Only hashes are kept. Two keys live at a time, for rotation.";
  field.schema = [] {
    const std::string key = pattern_schema("^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|sha256:[0-9A-Fa-f]{64})$");
    const std::string date = DateValue{}.schema();
    const std::string dated = R"({"type":"object","additionalProperties":false,"properties":{"key":)" + key +
                              R"(,"not_before":)" + date + R"(,"expires":)" + date + R"(},"required":["key"]})";
    return R"({"type":"array","minItems":1,"maxItems":2,"items":)" + either_schema({key, dated}) + "}";
  };
  field.example = "[env:PAYMENTS_KEY_1]";
  field.read = [](const Node& node, SubscriptionDraft& draft, Context& context) {
    if (!expect_list(node, "[env:PAYMENTS_KEY_1]", context)) return;
    if (node.items.size() > 2)
      context.refuse(node.items[2].where, "a subscription has one or two keys; remove this one");
    for (const Node& item : node.items) {
      SubscriptionKey key;
      if (item.kind == Node::Kind::map) {
        read_dated_key(item, draft, context);
      } else {
        read_key(item, key, draft, context);
      }
    }
  };
  field.show = [](const Node* given, const SubscriptionDraft&, YamlWriter& out) {
    if (given) out.given("keys", *given);
  };
  return field;
}

Fields<ClaimRule> claim_fields() {
  Fields<ClaimRule> f;
  f.optional("tenant", &ClaimRule::tenant, GuidValue{},
             "The tenant (`tid`) the token must be of. Default: any of identity.entra.tenants.");
  f.optional("app", &ClaimRule::apps, WordsValue{true, guid_sample},
             "Client ids of calling applications (`azp`, `appid`): one of these.");
  f.optional("object", &ClaimRule::objects, WordsValue{true, guid_sample},
             "Object ids of users or service principals (`oid`): one of these.");
  f.optional("roles", &ClaimRule::roles, WordsValue{false, "Chat.Invoke"},
             "Application permissions (`roles` of a token without a user): one of these.");
  f.optional("scopes", &ClaimRule::scopes, WordsValue{false, "Chat.Invoke"},
             "Delegated permissions (`scp` of a user's token): one of these.");
  f.optional("groups", &ClaimRule::groups, WordsValue{true, guid_sample},
             "Object ids of groups (`groups`): one of these. A token that lists none because there are "
             "too many does not match.");
  return f;
}

Field<SubscriptionDraft> claims_field() {
  const auto inner = claim_fields();
  Field<SubscriptionDraft> field;
  field.name = "claims";
  field.meaning =
      "What an Entra ID token must say to be of this subscription: each field that is written has to "
      "be met.";
  field.schema = [inner] { return inner.schema(); };
  field.example = "{app: 72f988bf-86f1-41af-91ab-2d7cd011db47, roles: [Chat.Invoke]}";
  field.read = [inner](const Node& node, SubscriptionDraft& draft, Context& context) {
    auto& rule = draft.claims.emplace();
    rule.where = node.where;
    const auto before = context.problems.size();
    inner.read(node, node.where, rule, context);
    if (context.problems.size() == before && rule.names_nobody())
      context.refuse(node.where,
                     "these claims are met by every application of the tenant; name an app, an object, "
                     "roles, scopes or groups");
  };
  field.show = [inner](const Node* given, const SubscriptionDraft& draft, YamlWriter& out) {
    if (!given) return out.unset("claims");
    out.open("claims");
    inner.show(given, *draft.claims, out);
    out.close();
  };
  return field;
}

std::optional<KeyDigest> parse_fingerprint(const Node& node, Context& context) {
  std::string hex;
  for (char c : node.text)
    if (c != ':') hex += c;
  Fault fault;
  std::vector<std::string> files;
  const auto digest = resolve_key("sha256:" + hex, files, fault);
  if (!digest)
    context.refuse(node.where,
                   "sha256 takes the 64 hexadecimal digits of a certificate's SHA-256 fingerprint; get them "
                   "with openssl x509 -in FILE -noout -fingerprint -sha256");
  return digest;
}

void read_certificate(const Node& node, SubscriptionDraft& draft, Context& context) {
  const std::vector<std::string> kinds = {"sha256", "san", "subject"};
  if (node.kind != Node::Kind::map || node.entries.size() != 1)
    return context.refuse(node.where,
                          "one of {sha256: FINGERPRINT}, {san: NAME} or {subject: NAME} is expected here");
  const Entry& entry = node.entries.front();
  Node word;
  word.kind = Node::Kind::scalar;
  word.text = entry.name;
  word.where = entry.where;
  const int kind = read_choice(word, kinds, context);
  if (kind < 0 || !expect_scalar(entry.value, "a name", context)) return;
  CertificateRule rule;
  rule.kind = static_cast<CertificateRule::Kind>(kind);
  rule.where = entry.value.where;
  if (rule.kind == CertificateRule::Kind::sha256) {
    const auto digest = parse_fingerprint(entry.value, context);
    if (!digest) return;
    rule.sha256 = *digest;
  } else if (!read_word(entry.value, "payments.contoso.com", rule.text, context)) {
    return;
  }
  draft.certificates.push_back(std::move(rule));
}

Field<SubscriptionDraft> certificates_field() {
  Field<SubscriptionDraft> field;
  field.name = "certificates";
  field.meaning =
      "Client certificates of this subscription, each by {sha256: FINGERPRINT}, {san: NAME} (one subject "
      "alternative name) or {subject: NAME} (as RFC 2253 writes it: CN=payments,O=Contoso).";
  field.schema = [] {
    std::vector<std::string> forms;
    for (const std::string kind : {"sha256", "san", "subject"})
      forms.push_back(R"({"type":"object","additionalProperties":false,"properties":{")" + kind +
                      R"(":{"type":"string"}},"required":[")" + kind + R"("]})");
    return list_schema(either_schema(forms));
  };
  field.example = "[{san: payments.contoso.com}]";
  field.read = [](const Node& node, SubscriptionDraft& draft, Context& context) {
    if (!expect_list(node, "[{san: payments.contoso.com}]", context)) return;
    for (const Node& item : node.items) read_certificate(item, draft, context);
  };
  field.show = [](const Node* given, const SubscriptionDraft&, YamlWriter& out) {
    given ? out.given("certificates", *given) : out.unset("certificates");
  };
  return field;
}

// A field of the subscription's own validity.
Field<SubscriptionDraft> date_field(const char* name, WallTime Validity::*member, const char* meaning) {
  Field<SubscriptionDraft> field;
  field.name = name;
  field.meaning = meaning;
  field.schema = [] { return DateValue{}.schema(); };
  field.example = DateValue{}.example();
  field.read = [member](const Node& node, SubscriptionDraft& draft, Context& context) {
    DateValue{}.read(node, draft.validity.*member, context);
  };
  field.show = [shown = field.name](const Node* given, const SubscriptionDraft&, YamlWriter& out) {
    given ? out.given(shown, *given) : out.unset(shown);
  };
  return field;
}

Fields<EntraConfig> entra_fields() {
  Fields<EntraConfig> f;
  f.required("tenants", &EntraConfig::tenants, WordsValue{true, guid_sample},
             "The tenants (GUIDs) whose tokens are accepted.");
  f.required("audiences", &EntraConfig::audiences, WordsValue{false, "api://tollgate"},
             "What `aud` may say: the client id of this API's registration and its App ID URI.");
  f.optional("authority", &EntraConfig::authority, AuthorityValue{},
             "Where the signing keys are published. Sovereign clouds have their own.");
  f.optional("ca", &EntraConfig::ca_file, FileValue{"/etc/tollgate/ca.pem"},
             "PEM file with the authorities to trust for it instead of the system's.");
  add_network_field(f);
  f.optional("skew", &EntraConfig::skew, DurationValue{0ms, 10min}, "By how much clocks may differ.");
  f.optional("refresh", &EntraConfig::refresh, DurationValue{1s},
             "How often the signing keys are fetched anew; a tenth more or less, by chance.");
  f.optional("refresh_gap", &EntraConfig::refresh_gap, DurationValue{1s},
             "Least time between two fetches that tokens with unknown key ids may cause.");
  return f;
}

}  // namespace

Fields<IdentityConfig> identity_fields() {
  Fields<IdentityConfig> f;
  f.optional_group("entra", &IdentityConfig::entra, entra_fields(),
                   "Entra ID access tokens as credentials.");
  f.optional("keys", &IdentityConfig::keys_path, TextValue{"/var/lib/tollgate/keys.json"},
             "File in which keys and suspensions made on the admin plane are kept; hashes only.");
  f.optional("audit", &IdentityConfig::audit_path, TextValue{"/var/log/tollgate/audit.jsonl"},
             "File that gets one JSON line for each change made on the admin plane, and for connections that the "
             "network's rules refused.");
  return f;
}

void add_client_certificate_fields(Fields<ServerTls>& f) {
  f.optional("client_ca", &ServerTls::client_ca_file, FileValue{"/etc/tollgate/clients.pem"},
             "PEM file with the authorities whose client certificates are accepted.");
  f.optional("client_certificates", &ServerTls::client_certificates,
             ChoiceValue<ClientCertificates>{{"optional", "required"}},
             "required refuses connections without a client certificate. Needs client_ca.");
}

void add_admin_token_field(Fields<ServerConfig>& f) {
  f.optional("admin_token", &ServerConfig::admin_token, SecretValue{},
             "What callers of the admin plane must send as `Authorization: Bearer` to see or change keys, "
             "by reference. Without it the admin plane changes nothing.");
}

void add_credential_fields(Fields<SubscriptionDraft>& f) {
  f.add(keys_field());
  f.add(claims_field());
  f.add(certificates_field());
  f.add(date_field("not_before", &Validity::not_before,
                   "The subscription is refused with 403 before this day or moment, UTC."));
  f.add(date_field("expires", &Validity::expires,
                   "The subscription is refused with 403 from this day or moment on, UTC."));
}

}  // namespace tollgate::config
