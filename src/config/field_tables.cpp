#include "config/field_tables.hpp"

#include "config/affinity_fields.hpp"
#include "config/credential_fields.hpp"
#include "config/deployment_fields.hpp"
#include "config/identity_fields.hpp"
#include "config/network_fields.hpp"
#include "config/product_fields.hpp"
#include "config/server_fields.hpp"
#include "config/spend_tables.hpp"

#include <algorithm>

namespace tollgate::config {
namespace {

// The pipeline's filters, by name and in order.
Field<Draft> filters_field(const LoadOptions& options) {
  std::vector<std::string> known = options.known_filters;
  Field<Draft> field;
  field.name = "filters";
  field.meaning =
      "The steps that every request passes, outermost first. Leave it out for the "
      "default order.";
  field.schema = [known] { return set_schema(words_schema(known)); };
  field.default_text = json_list(known);
  field.read = [known, required = options.required_filters](const Node& node, Draft& draft,
                                                            Context& context) {
    if (!expect_list(node, "[route, access, request, limits, models, affinity, forward]", context)) return;
    for (const Node& item_node : node.items) {
      int index = read_choice(item_node, known, context);
      if (index < 0) continue;
      const std::string& name = known[static_cast<std::size_t>(index)];
      if (std::count(draft.filters.begin(), draft.filters.end(), name) > 0)
        context.refuse(item_node.where, cited(name) + " is in this list twice; remove one");
      else
        draft.filters.push_back(name);
    }
    // A misspelt name is the missing one, or stands in its place.
    if (draft.filters.size() != node.items.size()) return;
    for (const std::string& name : required)
      if (std::count(draft.filters.begin(), draft.filters.end(), name) == 0)
        context.refuse(node.where, cited(name) + " is missing; no request can do without it");
    for (std::size_t i = 1; i < required.size(); ++i) {
      const auto before = std::find(draft.filters.begin(), draft.filters.end(), required[i - 1]);
      const auto after = std::find(draft.filters.begin(), draft.filters.end(), required[i]);
      if (before != draft.filters.end() && after != draft.filters.end() && after < before)
        context.refuse(node.where, cited(required[i - 1]) + " must come before " + cited(required[i]) +
                                       ", which relies on it");
    }
    if (!draft.filters.empty() && draft.filters.back() != known.back())
      context.refuse(node.where, cited(known.back()) +
                                     " must come last; what stands behind it would never run");
  };
  field.show = [known](const Node* given, const Draft&, YamlWriter& out) {
    given ? out.given("filters", *given) : out.by_default("filters", known);
  };
  return field;
}

}  // namespace

Fields<Draft> all_fields(const LoadOptions& options) {
  Fields<Draft> f;
  f.group("server", &Draft::server, server_fields(), "How clients reach the gateway.");
  f.group("records", &Draft::records, records_fields(), "One record per request.");
  f.group("log", &Draft::log, log_fields(), "The gateway's own log.");
  f.group("network", &Draft::network, network_fields(),
          "Where the gateway may connect to, and how it resolves names.");
  f.group("identity", &Draft::identity, identity_fields(), "Who may call besides those with keys of this file.");
  f.add(filters_field(options));
  f.named("credentials", &Draft::credentials, credential_fields(),
          "What the gateway proves itself with to deployments, by the name that these use.",
          "{azure: {managed_identity: {}}}", false);
  f.named("deployments", &Draft::deployments, deployment_fields(),
          "Model endpoints, by the name that the rest of the file uses.",
          "{gpt-4o-payg: {endpoint: https://contoso.openai.azure.com, ...}}");
  f.named("models", &Draft::models, model_fields(), "What apps ask for.",
          "{gpt-4o: {route: [gpt-4o-payg]}}");
  f.named("products", &Draft::products, product_fields(), "Plans: who may use what.",
          "{standard: {models: [gpt-4o]}}");
  f.named("subscriptions", &Draft::subscriptions, subscription_fields(),
          "Teams and apps, each with its keys.",
          "{payments-web: {product: standard, keys: [env:PAYMENTS_KEY_1]}}");
  f.named("cost_centers", &Draft::cost_centers, cost_center_fields(),
          "What all subscriptions of a cost center may spend together.",
          "{CC-1042: {budgets: [{money: $2000/month}]}}", false);
  f.add(prices_field());
  f.add(regions_field());
  f.group("ledger", &Draft::ledger, ledger_fields(), "Where the books are kept.");
  f.group("affinity", &Draft::affinity, affinity_fields(),
          "What is remembered of responses, files and batches that resources keep.");
  f.optional_group("sharing", &Draft::sharing, sharing_fields(),
                   "Pots that several gateways share through Redis; without it each counts alone.");
  f.optional_group("alerts", &Draft::alerts, alerts_fields(), "Who is told of a budget's alerts.");
  f.group("tokens", &Draft::tokens, tokens_fields(), "How tokens are counted.");
  for (const char* name : {"guards", "caches"}) f.later(name);
  return f;
}

}  // namespace tollgate::config
