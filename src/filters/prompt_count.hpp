// Counting an exchange's prompt, once, for whoever needs to know.
#pragma once

#include "openai/prompt_tokens.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/exchange.hpp"

namespace tollgate::filters {

// Whether the call has a prompt and an answer that are counted in tokens.
bool has_tokens(const Exchange& ex) noexcept;

// By what the prompts of a model are counted: its first deployment's base model says it.
openai::PromptRules prompt_rules_for(const Config& config, const Model& model);

// Sets ex.prompt_estimate if the body is short enough for that to take no time. REQUIRES: as count_prompt().
bool count_short_prompt(Exchange& ex, const openai::PromptRules& rules);

// Sets ex.prompt_estimate. Other exchanges go on while a long prompt is counted.
// `rules` are those of its model and stay. REQUIRES: has_tokens(ex), and the body is there.
awaitable<void> count_prompt(Exchange& ex, const openai::PromptRules& rules);

}  // namespace tollgate::filters
