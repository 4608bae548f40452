// From names to pointers: the checks that need more than one field.
#pragma once

#include "config/codecs.hpp"

#include <memory>

namespace tollgate::config {

// Notes dangling names, unused definitions, keys used twice and fields that contradict each other.
// Fills in the defaults that depend on other fields, in the draft as well. Null after a problem.
std::shared_ptr<Config> resolve(Draft& draft, const Node& root, Context& context);

}  // namespace tollgate::config
