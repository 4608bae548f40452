// From what was written under limits, budgets and prices to the rules and prices of the gateway.
#pragma once

#include "config/codecs.hpp"

#include <string>
#include <vector>

namespace tollgate::config {

// Each of these notes what it finds wrong. They are to be called in the order in which they stand.

// The checks of sections that stand for themselves.
void check_ledger(const Draft& draft, const Node& root, Context& context);
void check_sharing(const Draft& draft, const Node& root, Context& context);

// The built-in prices and those of the file, by model and day.
std::vector<Price> resolve_prices(const Draft& draft, Context& context);

// What the rules of one place may refer to.
struct SpendPlace {
  std::string owner;                        // what names begin with
  Scope usual_scope = Scope::subscription;  // the one that names do not say
  std::vector<const Product*> products;     // of all that draw on the pots
};
// Limits, then budgets. Fills in defaults in the draft as well. `sharing` may be null.
std::vector<SpendRule> resolve_rules(SpendDraft& draft, const SpendPlace& place,
                                     const SharingConfig* sharing, Context& context);

// Money cannot be counted for a model that has no price.
void check_priced(const Config& config, Context& context);

// Definitions that change nothing. Only for a file without other problems.
void refuse_unused_prices(const Draft& draft, Context& context);
// What holds between the fields of `alerts`.
void check_alerts(const Draft& draft, const Node& root, Context& context);

void refuse_unused_alerts(const Draft& draft, const Node& root, Context& context);

}  // namespace tollgate::config
