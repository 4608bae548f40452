// The fields of deployments and of the models that they serve.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<DeploymentDraft> deployment_fields();
Fields<ModelDraft> model_fields();

}  // namespace tollgate::config
