#include "cli/ptu/load.hpp"

#include <algorithm>

namespace tollgate::cli {

std::int64_t load_of(const Tokens& tokens, std::int64_t answer_weight) noexcept {
  return std::max<std::int64_t>(0, tokens.input - tokens.cached) + answer_weight * tokens.output;
}

void Load::add(const DeploymentMinute& use) {
  if (minutes_.empty() || minutes_.back().minute != use.minute) {
    minutes_.emplace_back();
    minutes_.back().minute = use.minute;
  }
  Usage usage;
  usage.prompt_tokens = use.tokens.input;
  usage.cached_tokens = use.tokens.cached;
  usage.completion_tokens = use.tokens.output;
  const std::int64_t cost = limits::cost_of(use.rates, usage);
  LoadMinute& minute = minutes_.back();
  const std::int64_t load = load_of(use.tokens, answer_weight_);
  minute.load += load;
  minute.cost += cost;
  if (use.kind == DeploymentKind::payg) {
    minute.payg_load += load;
    minute.payg_cost += cost;
  }
  total_.requests += use.tokens.requests;
  total_.input += use.tokens.input;
  total_.cached += use.tokens.cached;
  total_.output += use.tokens.output;
}

}  // namespace tollgate::cli
