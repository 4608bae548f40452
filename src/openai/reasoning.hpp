// Models that think before they answer: they spend tokens that no stream shows.
#pragma once

#include <string_view>

namespace tollgate::openai {

// By the base model's name (azure-openai: reasoning models). They refuse `max_tokens`.
constexpr bool is_reasoning_model(std::string_view base_model) noexcept {
  if (base_model.starts_with("gpt-5") || base_model.starts_with("gpt-6")) return true;
  return base_model.size() >= 2 && base_model[0] == 'o' && base_model[1] >= '1' && base_model[1] <= '9';
}

}  // namespace tollgate::openai
