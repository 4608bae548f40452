// What the definitions of tools and of a demanded output cost as input.
#pragma once

#include "openai/text_counter.hpp"

#include <string_view>

namespace tollgate::openai {

// A rule of thumb that OpenAI publishes: fixed tokens for a function, its properties and the values
// of enumerations, and the texts "name:description" and "key:type:description".
struct ToolRule {
  unsigned function;  // for each
};

// gpt-4 and gpt-3.5 pay more for a function than the models after them, and unknown ones too.
ToolRule tool_rule_of(std::string_view base_model) noexcept;

// One element of `tools` (nested under "function", or flat) or of the older `functions`. What is
// not a function is counted as the JSON it is written in; false if it may bring more text along
// than the body shows.
bool count_tool(TextCounter& counter, ToolRule rule, std::string_view tool);

// Once, when there was at least one function.
inline constexpr unsigned tokens_after_tools = 12;

}  // namespace tollgate::openai
