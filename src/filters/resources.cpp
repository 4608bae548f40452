#include "filters/resources.hpp"

#include <algorithm>
#include <iterator>

namespace tollgate::filters {

bool is_same_resource(const Deployment& a, const Deployment& b) noexcept {
  return a.endpoint.authority == b.endpoint.authority && a.endpoint.base_path == b.endpoint.base_path;
}

Resources::Resources(const Config& config) {
  for (const auto& deployment : config.deployments) {
    all_.push_back({deployment.get(), affinity::resource_of(*deployment)});
    by_name_.emplace(deployment->name, deployment.get());
  }
  for (const auto& subscription : config.subscriptions) {
    products_.emplace(subscription->name, subscription->product);
  }
}

std::vector<const Deployment*> Resources::of_owner(const affinity::Owner& owner) const {
  const auto named = by_name_.find(owner.deployment);
  const Deployment* const maker = named == by_name_.end() ? nullptr : named->second;
  std::vector<const Deployment*> there;
  for (const Place& place : all_) {
    if (place.resource == owner.resource) there.push_back(place.deployment);
  }
  if (there.empty() && maker) there.push_back(maker);
  const auto first = std::ranges::find(there, maker);
  if (first != there.end()) std::rotate(there.begin(), first, first + 1);
  return there;
}

std::vector<const Deployment*> Resources::candidates(const Exchange& ex) const {
  std::vector<const Deployment*> out;
  const auto add = [&](const Deployment* deployment) {
    if (!may_serve(*ex.subscription->product, *deployment)) return;
    const bool is_known = std::ranges::any_of(out, [&](const Deployment* other) { return of(*other) == of(*deployment); });
    if (!is_known) out.push_back(deployment);
  };
  const auto add_route = [&](const Model& model) {
    for (const RouteStep& step : model.steps) {
      for (const RouteChoice& choice : step) add(choice.deployment);
    }
  };
  if (ex.route.names_model) {
    if (ex.model) add_route(*ex.model);
    return out;
  }
  if (ex.subscription->product->home) add(ex.subscription->product->home);
  for (const Model* model : ex.subscription->product->models) add_route(*model);
  return out;
}

const Deployment* Resources::with_model(const Exchange& ex, const Deployment& owner) const {
  if (!ex.route.names_model) return &owner;
  for (const Deployment* deployment : candidates(ex)) {
    if (of(*deployment) == of(owner)) return deployment;
  }
  return nullptr;
}

std::vector<const Model*> Resources::models_at(const Exchange& ex, const Deployment& owner) const {
  const Product& product = *ex.subscription->product;
  const auto is_there = [&](const RouteChoice& choice) {
    return of(*choice.deployment) == of(owner) && may_serve(product, *choice.deployment);
  };
  std::vector<const Model*> out;
  std::ranges::copy_if(product.models, std::back_inserter(out), [&](const Model* model) {
    return std::ranges::any_of(model->steps, [&](const RouteStep& step) { return std::ranges::any_of(step, is_there); });
  });
  return out;
}

bool Resources::may_use(const Exchange& ex, const affinity::Owner& owner) const {
  if (owner.subscription == ex.subscription->name) return true;
  const ObjectSharing sharing = ex.subscription->product->objects;
  if (sharing == ObjectSharing::resource) return reaches(*ex.subscription->product, owner.resource);
  if (sharing != ObjectSharing::product) return false;
  const auto found = products_.find(owner.subscription);
  return found != products_.end() && found->second == ex.subscription->product;
}

bool Resources::reaches(const Product& product, const std::string& resource) const {
  const auto is_there = [&](const RouteChoice& choice) { return of(*choice.deployment) == resource; };
  const auto leads_there = [&](const RouteStep& step) { return std::ranges::any_of(step, is_there); };
  return std::ranges::any_of(product.home_route, leads_there) ||
         std::ranges::any_of(product.models, [&](const Model* model) { return std::ranges::any_of(model->steps, leads_there); });
}

}  // namespace tollgate::filters
