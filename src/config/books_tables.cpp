// The rows of the table of fields that say where the books are kept, shared, told and what they
// count.
#include "config/network_fields.hpp"
#include "config/spend_codecs.hpp"
#include "config/spend_tables.hpp"

namespace tollgate::config {
namespace {

Field<TokensDraft> encodings_field(const std::vector<std::string>& known) {
  Field<TokensDraft> field;
  field.name = "encodings";
  field.meaning = "The encoding of base models that the gateway does not know.";
  field.schema = [known] { return map_schema(words_schema(known)); };
  field.example = "{my-model: cl100k_base}";
  field.read = [known, example = field.example](const Node& node, TokensDraft& into,
                                                Context& context) {
    if (!expect_names(node, "encodings", example, context)) return;
    for (const Entry& entry : node.entries) {
      if (!check_name(entry, context)) continue;
      int index = read_choice(entry.value, known, context);
      if (index < 0) continue;
      into.encodings.emplace_back(entry.name, known[static_cast<std::size_t>(index)]);
      into.encoding_places.push_back(entry.where);
    }
  };
  field.show = [](const Node* given, const TokensDraft&, YamlWriter& out) {
    given ? out.given("encodings", *given) : out.unset("encodings");
  };
  return field;
}

}  // namespace

Fields<LedgerConfig> ledger_fields() {
  Fields<LedgerConfig> f;
  f.optional("path", &LedgerConfig::path, TextValue{"/var/lib/tollgate/ledger.db"},
             "File that keeps what was spent over a restart; off keeps nothing.");
  f.optional("flush", &LedgerConfig::flush,
             DurationValue{Milliseconds(1), std::chrono::seconds(10)},
             "A settled charge is on disk after this time at the latest.");
  f.optional("durability", &LedgerConfig::is_strict, ChoiceValue<bool>{{"flush", "strict"}},
             "strict: a charge is on disk before the answer ends.");
  f.optional("when_broken", &LedgerConfig::closed_when_broken,
             ChoiceValue<bool>{{"open", "closed"}},
             "While the file cannot be written: open goes on, closed refuses what has a budget.");
  f.optional("retain", &LedgerConfig::retain, DaysValue{32, 3650},
             "How long charges are kept; longer than any month.");
  return f;
}

Fields<SharingConfig> sharing_fields() {
  Fields<SharingConfig> f;
  f.required("redis", &SharingConfig::redis, RedisValue{},
             "Address of the Redis that several gateways share; rediss:// is TLS.");
  f.optional("user", &SharingConfig::user, TextValue{"tollgate"},
             "Name of the Redis user. Default: the default user.");
  f.optional("password", &SharingConfig::password, SecretValue{},
             "Password, by reference: env:NAME or file:PATH.");
  f.optional("ca", &SharingConfig::ca_file, FileValue{"/etc/tollgate/redis-ca.pem"},
             "With rediss://: PEM file with the authorities to trust instead of the system's.");
  add_network_field(f);
  f.optional("prefix", &SharingConfig::prefix, NameValue{"tollgate"},
             "Beginning of every key in Redis. Gateways with the same prefix share their pots.");
  f.optional("mode", &SharingConfig::mode, ChoiceValue<SharingMode>{{"exact", "leased"}},
             "exact asks Redis for every request; leased takes a part of a limit at a time.");
  f.optional("lease", &SharingConfig::lease_percent, PercentValue{1, 50},
             "With mode: leased, the part of a limit that is taken at a time.");
  f.optional("timeout", &SharingConfig::timeout,
             DurationValue{Milliseconds(1), std::chrono::seconds(10)},
             "Longest wait for Redis; then `when_unshared` of the rule holds.");
  return f;
}

Fields<AlertsConfig> alerts_fields() {
  Fields<AlertsConfig> f;
  f.required("webhook", &AlertsConfig::webhook, WebhookValue{},
             "Address that is told of alerts, or env:NAME or file:PATH when it is a secret.");
  f.optional("token", &AlertsConfig::webhook_token, SecretValue{},
             "Sent to the webhook as bearer token, by reference: env:NAME or file:PATH.");
  f.optional("ca", &AlertsConfig::ca_file, FileValue{"/etc/tollgate/ca.pem"},
             "PEM file with the authorities to trust for the webhook instead of the system's.");
  add_network_field(f);
  return f;
}

Fields<TokensDraft> tokens_fields() {
  const std::vector<std::string> known{"o200k_base", "cl100k_base", "o200k_harmony"};
  Fields<TokensDraft> f;
  f.optional("default_encoding", &TokensConfig::default_encoding, WordValue{known},
             "The encoding of a base model that neither the gateway nor `encodings` knows.");
  f.add(encodings_field(known));
  return f;
}

}  // namespace tollgate::config
