// Makes a small value that satisfies a JSON Schema: the stand-in's structured answers.
#pragma once

#include "mock_azure/json.hpp"

namespace tollgate::mock {

// Understands type (also lists of types), properties, required, items, minItems, prefixItems,
// enum, const, default, anyOf, oneOf, allOf, $ref to local definitions, numeric and length bounds,
// common formats. What it does not understand gets the simplest value of its type.
Json fill_schema(const Json& schema);

}  // namespace tollgate::mock
