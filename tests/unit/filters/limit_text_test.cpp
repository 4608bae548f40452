#include "filters/limit_text.hpp"

#include <gtest/gtest.h>

namespace tollgate::filters {
namespace {

SpendRule rule_of(Measure measure, std::int64_t amount, WindowKind kind, bool is_budget) {
  SpendRule rule;
  rule.name = "standard.rule";
  rule.measure = measure;
  rule.amount = amount;
  rule.window.kind = kind;
  rule.is_budget = is_budget;
  return rule;
}

constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);

TEST(LimitText, TellsTheLevelInTheProvidersHeaders) {
  std::string out;
  append_level(out, "requests", {600, 599, 59'250});
  append_level(out, "tokens", {});
  EXPECT_EQ(out,
            "x-ratelimit-limit-requests: 600\r\n"
            "x-ratelimit-remaining-requests: 599\r\n"
            "x-ratelimit-reset-requests: 59.25s\r\n");
}

TEST(LimitText, WritesDurationsAsTheProviderDoes) {
  const auto reset = [](std::int64_t ms) {
    std::string out;
    append_level(out, "x", {1, 1, ms});
    const auto at = out.find("reset-x: ") + 9;
    return out.substr(at, out.size() - at - 2);
  };
  EXPECT_EQ(reset(0), "0ms");
  EXPECT_EQ(reset(17), "17ms");
  EXPECT_EQ(reset(1'000), "1s");
  EXPECT_EQ(reset(360'000), "6m0s");
  EXPECT_EQ(reset(3'661'005), "1h1m1.005s");
}

TEST(LimitText, ARateLimitSaysWhenToComeAgain) {
  const Error error = refusal_of(rule_of(Measure::tokens, 100'000, WindowKind::sliding, false), 99'800, 1'250, now);
  EXPECT_EQ(error.kind, ErrorKind::rate_limited);
  EXPECT_EQ(error.retry_after.count(), 1'250);
  EXPECT_FALSE(error.is_final);
  EXPECT_EQ(error.message,
            "The limit `standard.rule` (100,000 tokens a minute) is reached, 99,800 tokens used or reserved. "
            "Please try again in 1.25s.");
}

TEST(LimitText, WaitsThatClientsWillNotWaitAreFinal) {
  EXPECT_TRUE(refusal_of(rule_of(Measure::requests, 1, WindowKind::sliding, false), 1, 60'001, now).is_final);
  EXPECT_FALSE(refusal_of(rule_of(Measure::requests, 1, WindowKind::sliding, false), 1, 60'000, now).is_final);
}

TEST(LimitText, ABudgetSaysWhichAndWhenItResets) {
  const Error error = refusal_of(rule_of(Measure::money, 500'000'000'000, WindowKind::month, true), 499'995'000'000, 3'600'000, now);
  EXPECT_EQ(error.kind, ErrorKind::quota_exhausted);
  EXPECT_TRUE(error.is_final);
  EXPECT_EQ(error.message,
            "The budget `standard.rule` ($500.00 a month) has $0.005 left, less than this request is expected to "
            "take. It resets at 2026-11-23T01:00:00Z.");
  const Error spent = refusal_of(rule_of(Measure::tokens, 1'000, WindowKind::month, true), 1'000, 3'600'000, now);
  EXPECT_EQ(spent.message,
            "The budget `standard.rule` (1,000 tokens a month) is spent, 1,000 tokens used or reserved. It resets at "
            "2026-11-23T01:00:00Z.");
}

TEST(LimitText, ARequestLargerThanTheLimitIsToldSo) {
  const Error error = refusal_of(rule_of(Measure::tokens, 50, WindowKind::sliding, false), 0, -1, now);
  EXPECT_TRUE(error.is_final);
  EXPECT_LT(error.retry_after.count(), 0);
  EXPECT_NE(error.message.find("ever allows"), std::string::npos);
}

TEST(LimitText, WritesMoneyToTheLastDigitThatSaysSomething) {
  EXPECT_EQ(describe_amount(Measure::money, 0), "$0.00");
  EXPECT_EQ(describe_amount(Measure::money, 1), "$0.000000001");
  EXPECT_EQ(describe_amount(Measure::money, 12'500'000'000), "$12.50");
  EXPECT_EQ(describe(rule_of(Measure::concurrent, 5, WindowKind::sliding, false)), "5 requests at a time");
}

}  // namespace
}  // namespace tollgate::filters
