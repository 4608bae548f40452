// Writes text as JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tollgate {

// Appends `text` as the inside of a JSON string: quotes, backslashes and control characters
// escaped, valid UTF-8 kept, each invalid byte replaced by U+FFFD. Adds no quotes around it.
void json_escape(std::string& out, std::string_view text);

// Whether json_escape() would leave all of it as it is, and it is ASCII.
bool is_plain_json(std::string_view text) noexcept;

}  // namespace tollgate
