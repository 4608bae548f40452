// Which deployments may process the requests of a product.
#pragma once

#include "config/codecs.hpp"
#include "config/draft.hpp"

#include <string>

namespace tollgate::config {

// Why the residency rule keeps requests from the deployment, as the end of a sentence that begins with its
// name; "" when it may serve. Pure. REQUIRES: the rule is not `anywhere`, its regions are canonical.
std::string residency_fault(const Residency& rule, const Deployment& deployment);

// Fills in `residency` and `allowed` of a product whose models and home are resolved, and chooses its home
// among the deployments that are left. Refuses what the rule leaves without a deployment.
void resolve_residency(ProductDraft& product, const Config& config, Context& context);

}  // namespace tollgate::config
