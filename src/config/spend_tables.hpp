// The rows of the table of fields that say what may be spent.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

// `limits` and `budgets` of products, subscriptions and cost centers.
Fields<ProductDraft>& add_spending(Fields<ProductDraft>& fields);
Fields<SubscriptionDraft>& add_spending(Fields<SubscriptionDraft>& fields);
Fields<CostCenterDraft> cost_center_fields();

Field<Draft> prices_field();
Fields<Rates> rate_fields();

Fields<LedgerConfig> ledger_fields();
Fields<SharingConfig> sharing_fields();
Fields<AlertsConfig> alerts_fields();
Fields<TokensDraft> tokens_fields();

}  // namespace tollgate::config
