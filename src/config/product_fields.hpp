// The fields of products and subscriptions.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<ProductDraft> product_fields();
Fields<SubscriptionDraft> subscription_fields();

}  // namespace tollgate::config
