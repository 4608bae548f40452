// Which deployments may process the requests of a product.
#pragma once

#include "config/codecs.hpp"
#include "config/draft.hpp"
#include "config/regions.hpp"

#include <string>

namespace tollgate::config {

// Why the residency rule keeps requests from the deployment, as the end of a sentence that begins with its
// name; "" when it may serve. Pure. REQUIRES: the rule is not `anywhere`, its regions are canonical.
std::string residency_fault(const Residency& rule, const Deployment& deployment, const Regions& regions);

// Fills in `residency` and `allowed` of a product whose models and home are resolved, and chooses its home
// among the deployments that are left. Refuses what the rule leaves without a deployment.
void resolve_residency(ProductDraft& product, const Config& config, const Regions& regions, Context& context);

// Refuses regions that the configuration adds without need.
void check_regions(const Draft& draft, Context& context);

}  // namespace tollgate::config
