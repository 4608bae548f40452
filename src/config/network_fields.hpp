// The fields that say where the gateway may connect to, and how.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<NetworkConfig> network_fields();
Field<Draft> regions_field();

// Pinned addresses and the client certificate of a deployment.
void add_connection_fields(Fields<DeploymentDraft>& fields);

// `network` of whatever connects.
template <class T>
void add_network_field(Fields<T>& fields) {
  fields.optional("network", &T::network, ChoiceValue<Network>{{"any", "private"}},
                  "private refuses to connect to a public address; when it is not said, the value of network.mode holds.");
}

// Fills in `network` where it is not said, and refuses what could never be connected to.
void resolve_network(Draft& draft, const Node& root, Context& context);

}  // namespace tollgate::config
