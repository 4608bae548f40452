// The rows of the table of fields that say what is remembered of stored objects.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<AffinityConfig> affinity_fields();
Fields<ProductDraft>& add_object_sharing(Fields<ProductDraft>& fields);

// Sets what depends on the ledger's file, and refuses two stores in one file.
void resolve_affinity(Draft& draft, const Node& root, Context& context);

}  // namespace tollgate::config
