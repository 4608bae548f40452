// Parts of a JSON Schema, as text: what the kinds of values are described with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::config {

std::string json_list(const std::vector<std::string>& texts);

std::string pattern_schema(std::string_view pattern);
// Text of that form, or a plain number; `number` is "number" or "integer".
std::string pattern_or_number_schema(std::string_view pattern, std::string_view number);
std::string integer_schema(int least, int most);
std::string words_schema(const std::vector<std::string>& words);
// At least one of `item`.
std::string list_schema(const std::string& item);
// At least one of `item`, each once.
std::string set_schema(const std::string& item);
std::string either_schema(const std::vector<std::string>& forms);
// `item`, or a list of them.
std::string one_or_list_schema(const std::string& item);

}  // namespace tollgate::config
