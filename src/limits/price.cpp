#include "limits/price.hpp"

#include <algorithm>
#include <limits>

namespace tollgate::limits {

namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

std::int64_t nano_dollars(Wide pico_dollars) noexcept {
  return static_cast<std::int64_t>(std::min<Wide>((pico_dollars + 999) / 1000, most));
}

CallRates all_of(const Rates& rates, int percent) noexcept {
  const auto share = [percent](std::int64_t rate) { return (rate * percent + 99) / 100; };
  CallRates out;
  out.input = share(rates.input);
  out.cached_input = share(rates.cached_input.value_or(rates.input));
  out.cache_write = share(rates.cache_write.value_or(rates.input));
  out.output = share(rates.output);
  out.reasoning = share(rates.reasoning.value_or(rates.output));
  out.audio_input = share(rates.audio_input.value_or(rates.input));
  const std::int64_t uncached_audio = rates.audio_input.value_or(rates.cached_input.value_or(rates.input));
  out.audio_cached = share(rates.audio_cached.value_or(uncached_audio));
  out.audio_output = share(rates.audio_output.value_or(rates.output));
  out.is_priced = true;
  return out;
}

constexpr WallTime since_ever{};

// What one token takes of a unit's price by the hour, at full use.
Rates share_of_unit(std::int64_t unit_price_an_hour, const UnitCapacity& capacity) noexcept {
  Rates rates;
  rates.input = static_cast<std::int64_t>(static_cast<Wide>(unit_price_an_hour) * 1000 / (capacity.input_a_minute * 60));
  rates.output = rates.input * capacity.answer_weight;
  return rates;
}

}  // namespace

DeploymentPrices::DeploymentPrices(const Config& config, const Deployment& deployment) {
  const auto add_own = [this](const Rates& rates) {
    Row row;
    row.from = since_ever;
    row.usual = row.batch = all_of(rates, 100);
    rows_.push_back(row);
  };
  if (deployment.rates) {
    add_own(*deployment.rates);
    return;
  }
  if (deployment.kind == DeploymentKind::ptu && deployment.unit_price > 0) {
    if (deployment.unit.input_a_minute > 0) {
      add_own(share_of_unit(deployment.unit_price, deployment.unit));
      return;
    }
  }
  for (const Price& price : config.prices) {
    if (price.model != deployment.model) continue;
    const int percent = deployment.is_global ? 100 : price.regional_percent;
    Row row;
    row.from = price.from;
    row.usual = all_of(price.rates, percent);
    row.batch = all_of(price.rates, percent * price.batch_percent / 100);
    row.long_above = price.long_context_above;
    row.usual_long = all_of(price.long_context, percent);
    row.batch_long = all_of(price.long_context, percent * price.batch_percent / 100);
    rows_.push_back(row);
  }
  std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.from < b.from; });
}

CallRates DeploymentPrices::at(WallTime when, std::int64_t prompt_tokens, bool is_batch) const noexcept {
  for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
    if (row->from > when) continue;
    const bool is_long = row->long_above > 0 && prompt_tokens > row->long_above;
    if (is_long) return is_batch ? row->batch_long : row->usual_long;
    return is_batch ? row->batch : row->usual;
  }
  return {};
}

std::int64_t cost_of(const CallRates& rates, const Usage& usage) noexcept {
  const auto within = [](std::int64_t part, std::int64_t whole) { return std::clamp<std::int64_t>(part, 0, std::max<std::int64_t>(0, whole)); };
  const std::int64_t prompt = within(usage.prompt_tokens, most), completion = within(usage.completion_tokens, most);

  const std::int64_t cached = within(usage.cached_tokens, prompt);
  const std::int64_t cached_audio = within(usage.cached_audio_tokens, cached);
  const std::int64_t written = within(usage.cache_write_tokens, prompt - cached);
  const std::int64_t heard = within(usage.prompt_audio_tokens - cached_audio, prompt - cached - written);
  Wide sum = static_cast<Wide>(rates.input) * (prompt - cached - written - heard);
  sum += static_cast<Wide>(rates.cached_input) * (cached - cached_audio);
  sum += static_cast<Wide>(rates.audio_cached) * cached_audio;
  sum += static_cast<Wide>(rates.cache_write) * written;
  sum += static_cast<Wide>(rates.audio_input) * heard;

  const std::int64_t reasoning = within(usage.reasoning_tokens, completion);
  const std::int64_t spoken = within(usage.completion_audio_tokens, completion - reasoning);
  sum += static_cast<Wide>(rates.output) * (completion - reasoning - spoken);
  sum += static_cast<Wide>(rates.reasoning) * reasoning;
  sum += static_cast<Wide>(rates.audio_output) * spoken;
  return nano_dollars(sum);
}

std::int64_t prompt_cost(const CallRates& rates, std::int64_t tokens) noexcept {
  return cost_at(std::max({rates.input, rates.cached_input, rates.cache_write, rates.audio_input, rates.audio_cached}), tokens);
}

std::int64_t answer_rate(const CallRates& rates) noexcept { return std::max({rates.output, rates.reasoning, rates.audio_output}); }

std::int64_t cost_at(std::int64_t rate, std::int64_t tokens) noexcept {
  return nano_dollars(static_cast<Wide>(rate) * tokens);
}

}  // namespace tollgate::limits
