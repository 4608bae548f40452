// The fields of reserved capacity (kind: ptu): what a unit carries, who leaves it when, waiting for it.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<UnitCapacity> capacity_fields();
Field<DeploymentDraft> spill_field();
Fields<QueueRules> queue_fields();

// Fills in what a unit of the base model carries, and says what is wrong with all this as a whole.
void check_ptu(DeploymentDraft& draft, Context& context);

}  // namespace tollgate::config
