// The fields of how calls are routed: routes, breakers, hedging.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

// `name`, or steps: [ptu, {swc: 3, neu: 1}]. A step is one name, or names with their weights.
struct RouteValue {
  void read(const Node& node, std::vector<StepDraft>& value, Context& context) const;
  std::string show(const std::vector<StepDraft>&) const { return {}; }
  std::string schema() const;
  std::string example() const { return "[gpt-4o-ptu, gpt-4o-payg]"; }
};

Fields<BreakerRules> breaker_fields();
Fields<HedgeRules> hedge_fields();

// Say what is wrong with them as a whole.
void check_hedge(const ModelDraft& draft, Context& context);
void check_breaker(const DeploymentDraft& draft, Context& context);

}  // namespace tollgate::config
