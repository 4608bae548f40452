// What tokens cost. Pure.
#pragma once

#include "tollgate/config.hpp"
#include "tollgate/spending.hpp"
#include "tollgate/usage.hpp"

#include <cstdint>
#include <vector>

namespace tollgate::limits {

// The rates of one call, once its deployment, day and prompt are known. Pico-dollars a token.
struct CallRates {
  std::int64_t input = 0;
  std::int64_t cached_input = 0;
  std::int64_t cache_write = 0;
  std::int64_t output = 0;
  std::int64_t reasoning = 0;
  std::int64_t audio_input = 0;
  std::int64_t audio_cached = 0;
  std::int64_t audio_output = 0;
  bool is_priced = false;
};

// The prices of one deployment: its own, or its model's, or, for reserved capacity with a price a
// unit, the share of that which a token takes up. Does without the configuration
// that it was made from.
class DeploymentPrices {
 public:
  DeploymentPrices(const Config& config, const Deployment& deployment);

  // `prompt_tokens` decides whether the rates for long prompts hold.
  CallRates at(WallTime when, std::int64_t prompt_tokens, bool is_batch) const noexcept;

 private:
  struct Row {
    WallTime from{};
    CallRates usual, batch, usual_long, batch_long;
    std::int64_t long_above = 0;  // 0: long prompts cost the same
  };
  std::vector<Row> rows_;  // by day
};

// In nano-dollars, rounded up: what is spent is never booked as less. Cached and audio tokens are part of the
// prompt, reasoning and audio tokens of the completion; none is paid twice.
std::int64_t cost_of(const CallRates& rates, const Usage& usage) noexcept;

// The cost of a prompt, and of one more answer token, at the dearest rate each.
std::int64_t prompt_cost(const CallRates& rates, std::int64_t tokens) noexcept;
std::int64_t answer_rate(const CallRates& rates) noexcept;  // pico-dollars

// Nano-dollars for `tokens` at pico-dollars a token, rounded up; saturates.
std::int64_t cost_at(std::int64_t rate, std::int64_t tokens) noexcept;

}  // namespace tollgate::limits
