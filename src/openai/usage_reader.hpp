// Reads a usage object at a cursor, for streams and whole answers alike.
#pragma once

#include "openai/json_cursor.hpp"
#include "tollgate/usage.hpp"

namespace tollgate::openai {

// Takes the value at the cursor, whatever it is. True, with `usage` filled, if it counts tokens;
// false and `usage` untouched if not, or if the text is broken.
bool take_usage(JsonCursor& json, Usage& usage);

}  // namespace tollgate::openai
