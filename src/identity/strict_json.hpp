// JSON of tokens and of documents about them: one object, no name twice. Two readers that keep
// different ones of two equal names would not see the same token. For the .cpp files of this folder.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace tollgate::identity {

// A discarded value (is_discarded()) unless `text` is one object without duplicate names.
nlohmann::json parse_object(std::string_view text);

}  // namespace tollgate::identity
