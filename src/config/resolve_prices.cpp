// Prices: those of the file on top of the built-in ones, and whether every model has one that needs
// it.
#include "config/default_prices.hpp"
#include "config/nearest.hpp"
#include "config/resolve_spend.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace tollgate::config {
namespace {

const std::string* find_base_model(const Draft& draft, const std::string& name) {
  for (const DeploymentDraft& d : draft.deployments)
    if (d.model == name) return &d.model;
  return nullptr;
}

std::vector<std::string> base_models(const Draft& draft) {
  std::vector<std::string> names;
  for (const DeploymentDraft& d : draft.deployments) names.push_back(d.model);
  return names;
}

bool is_priced(const Deployment& deployment, const std::vector<Price>& prices) {
  bool has_list_price = std::any_of(prices.begin(), prices.end(),
                                    [&](const Price& p) { return p.model == deployment.model; });
  return deployment.rates || has_list_price ||
         (deployment.kind == DeploymentKind::ptu && deployment.unit_price > 0);
}

}  // namespace

std::vector<Price> resolve_prices(const Draft& draft, Context& context) {
  std::map<std::pair<std::string, std::chrono::sys_days>, Price> prices;
  std::set<std::string> always_priced;
  for (Price& price : default_prices()) {
    always_priced.insert(price.model);
    prices.emplace(std::pair(price.model, price.from), std::move(price));
  }
  for (const PriceListDraft& list : draft.prices) {
    bool has_start = always_priced.contains(list.name);
    for (const PriceDraft& written : list.prices) {
      Price price;
      price.model = list.name;
      price.where = written.where;
      price.from = written.from.value_or(std::chrono::sys_days{});
      price.rates = written;
      price.batch_percent = written.batch_percent;
      price.regional_percent = written.regional_percent;
      if (written.long_context) {
        price.long_context_above = written.long_context->above;
        price.long_context = *written.long_context;
      }
      has_start = has_start || !written.from;
      prices.insert_or_assign(std::pair(price.model, price.from), std::move(price));
    }
    if (!has_start && !list.prices.empty())
      context.refuse(list.where, cited(list.name) +
                                     " has no price before the first `from`; write one "
                                     "without `from`");
  }
  std::vector<Price> sorted;
  for (auto& [key, price] : prices) sorted.push_back(std::move(price));
  return sorted;
}

void check_priced(const Config& config, Context& context) {
  std::set<std::string> told;
  auto refuse_unpriced = [&](const Model& model, const Deployment& deployment, const SpendRule& rule) {
    if (is_priced(deployment, config.prices) || !told.insert(deployment.name).second) return;
    std::string write = "; write prices: {" + deployment.model + ": {input: $1, output: $2}}";
    if (deployment.kind == DeploymentKind::ptu) write += ", or unit_price: $1/hour with the deployment";
    std::vector<std::string> names;
    for (const Price& price : config.prices) names.push_back(price.model);
    context.refuse(rule.where,
                   "the model " + cited(model.name) +
                       " has no price, so money cannot be counted: there is none for the base model " +
                       cited(deployment.model) + " of the deployment " + cited(deployment.name) + write,
                   nearest(deployment.model, names));
  };
  auto check = [&](const std::vector<SpendRule>& rules, const Product* product) {
    auto rule = std::find_if(rules.begin(), rules.end(),
                             [](const SpendRule& r) { return r.measure == Measure::money; });
    if (rule == rules.end() || !product) return;
    for (const Model* model : product->models) {
      for (const RouteStep& step : model->steps)
        for (const RouteChoice& choice : step) refuse_unpriced(*model, *choice.deployment, *rule);
    }
  };
  for (const auto& subscription : config.subscriptions) {
    if (!subscription->product) continue;
    check(subscription->product->rules, subscription->product);
    check(subscription->rules, subscription->product);
    if (subscription->cost_center_rules)
      check(subscription->cost_center_rules->rules, subscription->product);
  }
}

void refuse_unused_prices(const Draft& draft, Context& context) {
  for (const PriceListDraft& list : draft.prices)
    if (!find_base_model(draft, list.name))
      context.refuse(
          list.where,
          "no deployment's model is " + cited(list.name) + "; name one or remove the price",
          nearest(list.name, base_models(draft)));
  for (std::size_t i = 0; i < draft.tokens.encodings.size(); ++i) {
    const std::string& name = draft.tokens.encodings[i].first;
    if (!find_base_model(draft, name))
      context.refuse(draft.tokens.encoding_places[i],
                     "no deployment's model is " + cited(name) + "; name one or remove it",
                     nearest(name, base_models(draft)));
  }
}

}  // namespace tollgate::config
