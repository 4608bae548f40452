// The fields that say how the gateway proves itself to deployments, and what holds between them.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<CredentialDraft> credential_fields();

// `credential` of a deployment: a name, or the same fields in place.
Field<DeploymentDraft> credential_field();

// Checks each credential and fills in what the cloud and the environment say.
void complete_credentials(Draft& draft, Context& context);

// Gives each deployment its key or the token credential of `config` that it uses. REQUIRES: they are complete,
// and no deployment is in `config` yet.
void resolve_credentials(Draft& draft, Config& config, Context& context);

void refuse_unused_credentials(const Draft& draft, Context& context);

}  // namespace tollgate::config
