#include "config/resolve_residency.hpp"

#include "config/nearest.hpp"
#include "config/places.hpp"

#include <algorithm>

namespace tollgate::config {
namespace {

template <class List, class Value>
bool holds(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Every deployment of the route, in its order.
std::vector<const Deployment*> deployments_of(const Model& model) {
  std::vector<const Deployment*> found;
  for (const RouteStep& step : model.steps)
    for (const RouteChoice& choice : step)
      if (choice.deployment) found.push_back(choice.deployment);
  return found;
}

// Regions of the rule that the gateway does not know are refused: a slip would allow nothing, or the slip
// of another.
void read_regions(ProductDraft& product, const Regions& regions, Context& context) {
  for (const Reference& name : product.region_names) {
    std::string region = canonical_region(name.name);
    if (!regions.zone_of(region))
      context.refuse(name.where, cited(name.name) + " is no Azure region that is known here; write one such as swedencentral",
                     nearest(region, regions.names()));
    product.residency.regions.push_back(std::move(region));
  }
}

// Each deployment that requests of the product could reach, once.
std::vector<const Deployment*> reachable(const ProductDraft& product) {
  std::vector<const Deployment*> found;
  const auto add = [&](const Deployment* deployment) {
    if (deployment && !holds(found, deployment)) found.push_back(deployment);
  };
  for (const Model* model : product.models)
    for (const Deployment* deployment : deployments_of(*model)) add(deployment);
  add(product.home);
  return found;
}

// False after a problem: what the deployment says is not enough to judge it by.
bool is_judgeable(const ProductDraft& product, const Deployment& deployment, const Regions& regions,
                  Context& context) {
  const bool is_out_anyway = deployment.scope == DeploymentScope::global && !product.residency.allows_global;
  if (is_out_anyway) return true;
  const std::string who = "the product " + cited(product.name) + " (" + to_text(product.where) + ") allows only some regions";
  if (deployment.region.empty()) {
    context.refuse(deployment.where, who + "; write the region of this deployment, such as region: swedencentral");
    return false;
  }
  const std::string region = canonical_region(deployment.region);
  if (regions.zone_of(region)) return true;
  context.refuse(deployment.where, cited(deployment.region) + " is no Azure region that is known here, and " + who,
                 nearest(region, regions.names()));
  return false;
}

std::string rule_text(const Residency& rule, const char* separator) {
  std::string text;
  const auto add = [&](const std::string& place) { text += (text.empty() ? "" : separator) + place; };
  for (const std::string& region : rule.regions) add(region);
  for (const DataZone zone : rule.zones) add(std::string("the data zone ") + name_of(zone));
  return text;
}

void check_served(const ProductDraft& product, const Model& model, const Location& where, const Regions& regions,
                 Context& context) {
  std::string faults;
  bool is_for_want_of_global = false;
  for (const Deployment* deployment : deployments_of(model)) {
    const std::string fault = residency_fault(product.residency, *deployment, regions);
    if (fault.empty()) return;
    is_for_want_of_global |= deployment->scope == DeploymentScope::global && !product.residency.allows_global;
    faults += (faults.empty() ? "" : "; ") + cited(deployment->name) + " (" + to_text(deployment->where) + ") " + fault;
  }
  if (faults.empty()) return;  // the route has a problem of its own
  context.refuse(where, "no deployment of the model " + cited(model.name) + " (" + to_text(model.where) +
                            ") may serve this product, which allows " + rule_text(product.residency, ", ") + ": " + faults +
                            "; add a deployment in " + rule_text(product.residency, " or ") + " to its route" +
                            (is_for_want_of_global
                                 ? ", or allow_global: true to the product if processing anywhere is meant"
                                 : ""));
}

// The one that was named; else the first that may serve.
void choose_home(ProductDraft& product, const Regions& regions, Context& context) {
  if (is_said(product.node, "home")) {
    if (!product.home || may_serve(product, *product.home)) return;
    context.refuse(place_of(product.node, "home", product.where),
                   "the home " + cited(product.home->name) + " (" + to_text(product.home->where) +
                       ") may not serve this product: it " + residency_fault(product.residency, *product.home, regions));
    return;
  }
  product.home = nullptr;
  for (const Model* model : product.models)
    for (const Deployment* deployment : deployments_of(*model))
      if (!product.home && may_serve(product, *deployment)) product.home = deployment;
  if (product.home) product.home_name.name = product.home->name;
}

}  // namespace

std::string residency_fault(const Residency& rule, const Deployment& deployment, const Regions& regions) {
  const std::string region = canonical_region(deployment.region);
  const DataZone zone = regions.zone_of(region).value_or(DataZone::none);
  const bool is_zone_allowed = zone != DataZone::none && holds(rule.zones, zone);
  const bool is_region_allowed = is_zone_allowed || holds(rule.regions, region);
  switch (deployment.scope) {
    case DeploymentScope::global:
      if (!rule.allows_global) return "is scope: global, which Azure may process in any region";
      break;
    case DeploymentScope::data_zone:
      if (zone == DataZone::none) return "is scope: data_zone in " + region + ", which is in no data zone known here";
      if (!is_zone_allowed) return std::string("may be processed anywhere in the data zone ") + name_of(zone);
      break;
    case DeploymentScope::regional: break;
  }
  return is_region_allowed ? std::string() : "is in " + region;
}

void resolve_residency(ProductDraft& product, const Config& config, const Regions& regions, Context& context) {
  read_regions(product, regions, context);
  Residency& rule = product.residency;
  rule.zones = product.zones;
  rule.allows_global = product.allows_global;
  if (rule.is_anywhere()) {
    if (rule.allows_global)
      context.refuse(place_of(product.node, "allow_global", product.where),
                     "allow_global changes nothing without regions or data_zones; remove it");
    return;
  }
  for (const auto& deployment : config.deployments)
    product.allowed.push_back(residency_fault(rule, *deployment, regions).empty());
  bool are_judgeable = true;
  for (const Deployment* deployment : reachable(product)) are_judgeable &= is_judgeable(product, *deployment, regions, context);
  if (!are_judgeable) return;
  std::size_t next = 0;
  for (const Reference& name : product.model_names) {
    const bool is_resolved = next < product.models.size() && product.models[next]->name == name.name;
    if (is_resolved) check_served(product, *product.models[next++], name.where, regions, context);
  }
  choose_home(product, regions, context);
}

void check_regions(const Draft& draft, Context& context) {
  for (const RegionDraft& region : draft.regions) {
    if (Regions().zone_of(region.name))
      context.refuse(region.where, "the region " + cited(region.name) + " is known already; remove it");
    bool is_used = false;
    for (const DeploymentDraft& d : draft.deployments) is_used |= canonical_region(d.region) == region.name;
    if (!is_used && context.problems.empty())
      context.refuse(region.where, "no deployment is in the region " + cited(region.name) + "; use it or remove it");
  }
}

}  // namespace tollgate::config
