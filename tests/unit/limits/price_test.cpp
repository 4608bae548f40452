#include "limits/price.hpp"

#include <gtest/gtest.h>

namespace tollgate::limits {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;
using namespace std::chrono_literals;

constexpr std::int64_t dollar_a_million = 1'000'000;  // pico-dollars a token

Rates text_rates(std::int64_t input, std::optional<std::int64_t> cached, std::int64_t output) {
  Rates rates;
  rates.input = input;
  rates.cached_input = cached;
  rates.output = output;
  return rates;
}

Config with_prices() {
  Config config;
  Price old_price;
  old_price.model = "gpt-5.4";
  old_price.rates = text_rates(3 * dollar_a_million, dollar_a_million / 4, 15 * dollar_a_million);
  Price price = old_price;
  price.from = sys_days(2026y / 6 / 1);
  price.rates.input = 2'500'000;
  price.long_context_above = 272'000;
  price.long_context = text_rates(5 * dollar_a_million, dollar_a_million / 2, 22'500'000);
  price.regional_percent = 110;
  config.prices = {old_price, price};
  return config;
}

Deployment deployment_of(const char* model) {
  Deployment deployment;
  deployment.model = model;
  return deployment;
}

Usage usage_of(std::int64_t prompt, std::int64_t cached, std::int64_t completion, std::int64_t reasoning = 0) {
  Usage usage;
  usage.prompt_tokens = prompt;
  usage.cached_tokens = cached;
  usage.completion_tokens = completion;
  usage.reasoning_tokens = reasoning;
  return usage;
}

CallRates rates_of(const Config& config, const Deployment& deployment, WallTime at, std::int64_t prompt, bool is_batch) {
  return DeploymentPrices(config, deployment).at(at, prompt, is_batch);
}

constexpr WallTime autumn = sys_days(2026y / 11 / 1);

TEST(Price, CachedTokensAreCheaperAndNotPaidTwice) {
  const CallRates rates = rates_of(with_prices(), deployment_of("gpt-5.4"), autumn, 1000, false);
  // 200 x 2.5 + 800 x 0.25 + 100 x 15 dollars a million
  EXPECT_EQ(cost_of(rates, usage_of(1000, 800, 100)), 2'200'000);
}

TEST(Price, ReasoningCostsAsOutputUnlessItHasARateOfItsOwn) {
  CallRates rates = rates_of(with_prices(), deployment_of("gpt-5.4"), autumn, 0, false);
  EXPECT_EQ(cost_of(rates, usage_of(0, 0, 100, 60)), 1'500'000);
  rates.reasoning = 10 * dollar_a_million;
  EXPECT_EQ(cost_of(rates, usage_of(0, 0, 100, 60)), 40 * 15'000 + 60 * 10'000);
}

TEST(Price, TokensWrittenToTheCacheHaveTheirRate) {
  CallRates rates = rates_of(with_prices(), deployment_of("gpt-5.4"), autumn, 0, false);
  rates.cache_write = 5 * dollar_a_million;
  Usage usage = usage_of(1000, 100, 0);
  usage.cache_write_tokens = 400;
  EXPECT_EQ(cost_of(rates, usage), 500 * 2'500 + 100 * 250 + 400 * 5'000);
}

TEST(Price, AudioTokensHaveTheirRates) {
  Deployment deployment = deployment_of("gpt-realtime");
  deployment.rates = Rates{4'000'000, 400'000, std::nullopt, 16'000'000, std::nullopt, 32'000'000, 500'000, 64'000'000};
  const CallRates rates = rates_of({}, deployment, autumn, 0, false);
  Usage usage = usage_of(1000, 400, 200);
  usage.prompt_audio_tokens = 300;
  usage.cached_audio_tokens = 100;
  usage.completion_audio_tokens = 150;
  const std::int64_t prompt = 400 * 4'000 + 300 * 400 + 200 * 32'000 + 100 * 500, answer = 50 * 16'000 + 150 * 64'000;
  EXPECT_EQ(cost_of(rates, usage), prompt + answer);
  // What is reserved is enough for the dearest of both.
  EXPECT_EQ(prompt_cost(rates, 1000), 32'000'000);
  EXPECT_EQ(answer_rate(rates), 64'000'000);
}

TEST(Price, AudioCostsAsTextUnlessItHasARateOfItsOwn) {
  Deployment deployment = deployment_of("gpt-realtime");
  deployment.rates = text_rates(4'000'000, 400'000, 16'000'000);
  Usage text = usage_of(1000, 400, 200), audio = text;
  audio.prompt_audio_tokens = 300;
  audio.cached_audio_tokens = 100;
  audio.completion_audio_tokens = 150;
  EXPECT_EQ(cost_of(rates_of({}, deployment, autumn, 0, false), audio), cost_of(rates_of({}, deployment, autumn, 0, false), text));
  deployment.rates->audio_input = 32'000'000;
  EXPECT_EQ(rates_of({}, deployment, autumn, 0, false).audio_cached, 32'000'000);
}

TEST(Price, NoTokenIsPaidTwiceWhateverIsReported) {
  CallRates rates;
  rates.input = rates.cached_input = rates.cache_write = rates.audio_input = rates.audio_cached = 1'000;
  rates.output = rates.reasoning = rates.audio_output = 1'000;
  Usage usage = usage_of(10, 20, 10, 8);
  usage.cache_write_tokens = 7;
  usage.prompt_audio_tokens = 30;
  usage.cached_audio_tokens = 40;
  usage.completion_audio_tokens = 9;
  EXPECT_EQ(cost_of(rates, usage), 20);
}

TEST(Price, TheOneThatHasBegunHolds) {
  const auto spring = sys_days(2026y / 5 / 31);
  EXPECT_EQ(rates_of(with_prices(), deployment_of("gpt-5.4"), spring, 0, false).input, 3 * dollar_a_million);
  EXPECT_EQ(rates_of(with_prices(), deployment_of("gpt-5.4"), spring + 24h, 0, false).input, 2'500'000);
}

TEST(Price, LongPromptsRegionsAndBatchesHaveTheirRates) {
  const Config config = with_prices();
  Deployment deployment = deployment_of("gpt-5.4");
  EXPECT_EQ(rates_of(config, deployment, autumn, 272'001, false).input, 5 * dollar_a_million);
  EXPECT_EQ(rates_of(config, deployment, autumn, 272'000, true).input, 1'250'000);
  deployment.is_global = false;
  EXPECT_EQ(rates_of(config, deployment, autumn, 0, false).input, 2'750'000);
}

TEST(Price, ADeploymentsOwnRatesComeFirst) {
  Deployment deployment = deployment_of("gpt-5.4");
  deployment.rates = text_rates(7, std::nullopt, 9);
  const CallRates rates = rates_of(with_prices(), deployment, autumn, 0, true);
  EXPECT_EQ(rates.input, 7);
  EXPECT_EQ(rates.output, 9);
}

TEST(Price, ReservedUnitsAreSharedOutByUse) {
  Deployment deployment = deployment_of("gpt-4o");
  deployment.kind = DeploymentKind::ptu;
  deployment.unit = {2'500, 4};
  deployment.unit_price = 1'000'000'000;  // a dollar an hour: 150,000 input tokens
  const CallRates rates = rates_of(with_prices(), deployment, autumn, 0, false);
  EXPECT_EQ(cost_at(rates.input, 150'000), 999'999'900);
  EXPECT_EQ(rates.output, rates.input * 4);
}

TEST(Price, WhatHasNoneIsNotFree) {
  EXPECT_FALSE(rates_of(with_prices(), deployment_of("mystery"), autumn, 0, false).is_priced);
}

TEST(Price, IsRoundedUpAndNeverOverflows) {
  EXPECT_EQ(cost_at(1, 1), 1);
  EXPECT_EQ(cost_at(INT64_MAX, INT64_MAX), INT64_MAX);
  EXPECT_EQ(cost_of(rates_of(with_prices(), deployment_of("gpt-5.4"), autumn, 0, false), usage_of(-5, -9, -1)), 0);
}

}  // namespace
}  // namespace tollgate::limits
