// Counting an exchange's prompt, once, for whoever needs to know.
#pragma once

#include "tokens/tokens.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/exchange.hpp"

#include <string_view>

namespace tollgate::filters {

// Whether the call has a prompt and an answer that are counted in tokens.
bool has_tokens(const Exchange& ex) noexcept;

// The encoding that counts for a base model.
tokens::Encoding encoding_for(const Config& config, std::string_view base_model);

// Sets ex.prompt_estimate. Other exchanges go on while a long prompt is counted.
// REQUIRES: has_tokens(ex), and the body is there.
awaitable<void> count_prompt(Exchange& ex, tokens::Encoding encoding);

}  // namespace tollgate::filters
