#include "config/affinity_fields.hpp"

#include "config/places.hpp"
#include "config/spend_codecs.hpp"

namespace tollgate::config {

Fields<AffinityConfig> affinity_fields() {
  Fields<AffinityConfig> f;
  f.optional("path", &AffinityConfig::path, TextValue{"/var/lib/tollgate/affinity.db"},
             "File that keeps over a restart which resource has which stored object; off keeps nothing. "
             "Default: beside the ledger's file.");
  f.optional("entries", &AffinityConfig::entries, TokenCountValue{1'000, 100'000'000, "10M"},
             "Most objects remembered, 32 bytes of memory each; beyond that the oldest are asked for again.");
  f.optional("responses", &AffinityConfig::responses, DaysValue{1, 3650, "32d"},
             "How long a response is remembered; Azure keeps it 30 days.");
  f.optional("objects", &AffinityConfig::objects, DaysValue{1, 3650, "400d"},
             "How long files, batches, fine-tuning jobs and vector stores are remembered after they were "
             "last used.");
  return f;
}

Fields<ProductDraft>& add_object_sharing(Fields<ProductDraft>& fields) {
  return fields.optional("objects", &Product::objects, ChoiceValue<ObjectSharing>{{"subscription", "product", "resource"}},
                         "Whose stored objects a subscription may use and list: its own, those of all "
                         "subscriptions to the product, or all that its resources keep.");
}

void resolve_affinity(Draft& draft, const Node& root, Context& context) {
  const Entry* entry = root.find("affinity");
  const Node* node = entry ? &entry->value : nullptr;
  const std::string& ledger = draft.ledger.path;
  if (!is_said(node, "path")) {
    // Where the ledger may be written this may be too, and who has the one has the other.
    const std::string_view stem = ledger.ends_with(".db") ? std::string_view(ledger).substr(0, ledger.size() - 3) : ledger;
    draft.affinity.path = ledger == "off" ? ledger : std::string(stem) + "-affinity.db";
  } else if (draft.affinity.path == ledger && ledger != "off") {
    context.refuse(place_of(node, "path", root.where),
                   "this is the ledger's file; owners of stored objects are kept in one of their own");
  }
}

}  // namespace tollgate::config
