// Chooses the deployment for an exchange; never sends.
#pragma once

#include "tollgate/exchange.hpp"

namespace tollgate::balancer {

// The deployment of the exchange's model; for calls that name no model (files, batches, ids) the
// product's home, unless it is pinned. Null: there is none, or none that the product's residency allows.
const Deployment* choose(const Exchange& ex) noexcept;

}  // namespace tollgate::balancer
