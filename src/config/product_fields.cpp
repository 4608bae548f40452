#include "config/product_fields.hpp"

#include "config/affinity_fields.hpp"
#include "config/identity_fields.hpp"
#include "config/spend_tables.hpp"

namespace tollgate::config {
namespace {

Fields<RealtimeRules> realtime_fields() {
  constexpr DurationValue length{std::chrono::seconds(1), std::chrono::hours(24)};
  Fields<RealtimeRules> f;
  f.optional("max_session", &RealtimeRules::max_session, length, "Longest that a session may last; then it is closed with 1001.");
  f.optional("idle", &RealtimeRules::idle, length,
             "How long neither side may say anything, pings apart; then the session is closed with 1001.");
  return f;
}

}  // namespace

Fields<ProductDraft> product_fields() {
  Fields<ProductDraft> f;
  f.required("models", &ProductDraft::model_names, ReferenceListValue{"[gpt-4o]"},
             "The models that subscriptions of the product may ask for.");
  f.optional("home", &ProductDraft::home_name, ReferenceValue{"gpt-4o-payg"},
             "The deployment for calls that name no model: files, batches, stored responses. "
             "Default: the one of the first model.");
  f.optional("regions", &ProductDraft::region_names, ReferenceListValue{"[swedencentral]"},
             "The Azure regions that may process its requests. Together with `data_zones`: any of both.");
  f.optional("data_zones", &ProductDraft::zones, ChoicesValue<DataZone>{{"eu", "us"}, 1},
             "The data zones that may process its requests: their regions, and deployments of scope data_zone there.");
  f.optional("allow_global", &ProductDraft::allows_global, FlagValue{},
             "With `regions` or `data_zones`: deployments of scope global in these may serve too, although Azure "
             "may process their requests anywhere.");
  f.optional("class", &Product::traffic, ChoiceValue<TrafficClass>{{"interactive", "standard", "batch"}},
             "Whose calls keep reserved capacity when it gets scarce: interactive longest, batch shortest.");
  f.group("realtime", &Product::realtime, realtime_fields(), "How long realtime sessions may last.");
  add_object_sharing(f);
  add_spending(f);
  for (const char* name : {"guards", "cache"}) f.later(name);
  f.refused("classes", "is not a field; write class: interactive, standard or batch");
  return f;
}

Fields<SubscriptionDraft> subscription_fields() {
  Fields<SubscriptionDraft> f;
  f.required("product", &SubscriptionDraft::product_name, ReferenceValue{"standard"},
             "The product that the subscription is to.");
  f.optional("cost_center", &Subscription::cost_center, TextValue{"CC-1042"},
             "Who is charged; stands in every record.");
  f.optional("owner", &Subscription::owner, TextValue{"payments@example.com"}, "Whom to ask.");
  add_credential_fields(f);
  f.optional("suspended", &Subscription::is_suspended, FlagValue{},
             "Refuse every call of this subscription with 403.");
  f.optional("path_prefix", &Subscription::path_prefix, PathPrefixValue{},
             "A path that this subscription's calls may have in front.");
  add_spending(f);
  f.later("overrides");
  return f;
}

}  // namespace tollgate::config
