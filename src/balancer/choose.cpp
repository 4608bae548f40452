#include "balancer/choose.hpp"

namespace tollgate::balancer {

namespace {

bool is_same_resource(const Deployment& a, const Deployment& b) noexcept {
  return a.endpoint.authority == b.endpoint.authority && a.endpoint.base_path == b.endpoint.base_path;
}

const Deployment* wanted(const Exchange& ex) noexcept {
  if (ex.pinned && !ex.route.names_model) return ex.pinned;
  if (ex.pinned && ex.model && !is_same_resource(*ex.pinned, *ex.model->deployment)) return nullptr;
  if (ex.model) return ex.model->deployment;
  return ex.subscription ? ex.subscription->product->home : nullptr;
}

}  // namespace

const Deployment* choose(const Exchange& ex) noexcept {
  const Deployment* deployment = wanted(ex);
  const bool is_allowed = !deployment || !ex.subscription || may_serve(*ex.subscription->product, *deployment);
  return is_allowed ? deployment : nullptr;
}

}  // namespace tollgate::balancer
