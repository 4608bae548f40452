// Azure OpenAI list prices, Global Standard, October 2026. They change: compare with
// https://prices.azure.com/api/retail/prices before anybody is billed, and say others under
// `prices`.
#include "config/default_prices.hpp"

#include <algorithm>

namespace tollgate::config {
namespace {

constexpr std::int64_t none = -1;

// In millionths of a dollar for a million tokens, which are pico-dollars a token.
struct Row {
  const char* model;
  std::int64_t input;
  std::int64_t cached;
  std::int64_t output;
  std::int64_t cache_write = none;
};

constexpr Row rows[] = {
    {"gpt-4o", 2'500'000, 1'250'000, 10'000'000},
    {"gpt-4o-mini", 150'000, 75'000, 600'000},
    {"gpt-4.1", 2'000'000, 500'000, 8'000'000},
    {"gpt-4.1-mini", 400'000, 100'000, 1'600'000},
    {"gpt-4.1-nano", 100'000, 25'000, 400'000},
    {"o1", 15'000'000, 7'500'000, 60'000'000},
    {"o3", 2'000'000, 500'000, 8'000'000},
    {"o3-mini", 1'100'000, 550'000, 4'400'000},
    {"o4-mini", 1'100'000, 275'000, 4'400'000},
    {"gpt-5", 1'250'000, 125'000, 10'000'000},
    {"gpt-5-codex", 1'250'000, 125'000, 10'000'000},
    {"gpt-5.1", 1'250'000, 125'000, 10'000'000},
    {"gpt-5.1-codex", 1'250'000, 125'000, 10'000'000},
    {"gpt-5-mini", 250'000, 25'000, 2'000'000},
    {"gpt-5.1-codex-mini", 250'000, 25'000, 2'000'000},
    {"gpt-5-nano", 50'000, 5'000, 400'000},
    {"gpt-5-pro", 15'000'000, none, 120'000'000},
    {"gpt-5.2", 1'750'000, 175'000, 14'000'000},
    {"gpt-5.2-chat", 1'750'000, 175'000, 14'000'000},
    {"gpt-5.3-chat", 1'750'000, 175'000, 14'000'000},
    {"gpt-5.3-codex", 1'750'000, 175'000, 14'000'000},
    {"gpt-5.4", 2'500'000, 250'000, 15'000'000},
    {"gpt-5.4-mini", 750'000, 75'000, 4'500'000},
    {"gpt-5.4-nano", 200'000, 20'000, 1'250'000},
    {"gpt-5.4-pro", 30'000'000, none, 180'000'000},
    {"gpt-5.5", 5'000'000, 500'000, 30'000'000},
    {"gpt-5.6-sol", 4'000'000, 400'000, 20'000'000, 5'000'000},
    {"gpt-5.6-terra", 2'000'000, 200'000, 12'000'000, 2'500'000},
    {"gpt-5.6-luna", 200'000, 20'000, 1'200'000, 250'000},
    {"text-embedding-3-small", 20'000, none, 0},
    {"text-embedding-3-large", 130'000, none, 0},
    {"text-embedding-ada-002", 100'000, none, 0},
};

// What a call costs whose prompt has more than `above` tokens: all of it, not the excess alone.
struct LongRow {
  std::int64_t above;
  Row rates;
};
constexpr LongRow long_rows[] = {
    {272'000, {"gpt-5.4", 5'000'000, 500'000, 22'500'000}},
    {272'000, {"gpt-5.5", 10'000'000, 1'000'000, 45'000'000}},
};

constexpr int regional_percent = 110;  // Data Zone and Regional deployments

Rates rates_of(const Row& row) {
  Rates rates;
  rates.input = row.input;
  rates.output = row.output;
  if (row.cached != none) rates.cached_input = row.cached;
  if (row.cache_write != none) rates.cache_write = row.cache_write;
  return rates;
}

}  // namespace

std::vector<Price> default_prices() {
  std::vector<Price> prices;
  for (const Row& row : rows) {
    Price price;
    price.model = row.model;
    price.rates = rates_of(row);
    price.regional_percent = regional_percent;
    for (const LongRow& other : long_rows) {
      if (price.model != other.rates.model) continue;
      price.long_context_above = other.above;
      price.long_context = rates_of(other.rates);
    }
    prices.push_back(std::move(price));
  }
  std::sort(prices.begin(), prices.end(),
            [](const Price& a, const Price& b) { return a.model < b.model; });
  return prices;
}

}  // namespace tollgate::config
