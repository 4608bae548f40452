#include "filters/prompt_count.hpp"

#include "net/loop.hpp"
#include "openai/request_scan.hpp"

#include <string_view>

namespace tollgate::filters {

namespace {

// Counting goes on for about half a millisecond at a time, so that streams do not wait for it.
constexpr std::size_t counting_step = 32 * 1024;

tokens::Encoding encoding_for(const Config& config, std::string_view base_model) {
  for (const auto& [model, encoding] : config.tokens.encodings) {
    if (model == base_model) return *tokens::encoding_named(encoding);
  }
  if (const auto known = tokens::encoding_of_model(base_model)) return *known;
  return tokens::encoding_named(config.tokens.default_encoding).value_or(tokens::Encoding::o200k_base);
}

awaitable<void> count_long_prompt(Exchange& ex, const openai::PromptRules& rules) {
  openai::PromptCounter counter(ex.body.bytes(), ex.route.operation, rules);
  while (!counter.step(counting_step)) {
    net::Sleep others(ex.loop, Clock::now());
    co_await others;
  }
  ex.prompt_estimate = static_cast<std::int64_t>(counter.result().total);
}

}  // namespace

bool has_tokens(const Exchange& ex) noexcept {
  switch (ex.route.operation) {
    case Operation::chat_completions:
    case Operation::completions:
    case Operation::embeddings:
    case Operation::responses: return ex.facts && ex.model;
    default: return false;
  }
}

openai::PromptRules prompt_rules_for(const Config& config, const Model& model) {
  return openai::prompt_rules_of(model.deployment->model, encoding_for(config, model.deployment->model));
}

bool count_short_prompt(Exchange& ex, const openai::PromptRules& rules) {
  const std::string_view body = ex.body.bytes();
  if (body.size() > counting_step) return false;
  const auto found = openai::PromptCounter::count(body, ex.route.operation, rules, ex.facts->string_ends);
  ex.prompt_estimate = static_cast<std::int64_t>(found.total);
  return true;
}

awaitable<void> count_prompt(Exchange& ex, const openai::PromptRules& rules) {
  return count_short_prompt(ex, rules) ? done() : count_long_prompt(ex, rules);
}

}  // namespace tollgate::filters
