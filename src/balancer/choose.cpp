#include "balancer/choose.hpp"

namespace tollgate::balancer {

const Deployment* choose(const Exchange& ex) noexcept {
  if (ex.model) return ex.model->deployment;
  return ex.subscription ? ex.subscription->product->home : nullptr;
}

}  // namespace tollgate::balancer
