// Every field of the configuration, in the order in which it is documented and printed.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<Draft> all_fields(const LoadOptions& options);

}  // namespace tollgate::config
