// Minute quotas and the leaky bucket.
#include "mock_azure/limits.hpp"

#include <gtest/gtest.h>

namespace tollgate::mock {
namespace {

using namespace std::chrono_literals;

const Instant start = Instant{} + 1000s;

TEST(MockPaygLimit, ChargesTheEstimateAndRefusesAboveTheMinute) {
  PaygLimit limit(1000, 0);
  EXPECT_EQ(limit.admit(start, 600).remaining_tokens, 400);
  const Admission refused = limit.admit(start + 10s, 600);
  EXPECT_EQ(refused.exhausted, Exhausted::tokens);
  EXPECT_EQ(refused.retry_after, 50s);
  EXPECT_TRUE(limit.admit(start + 10s, 400).admitted());
  EXPECT_TRUE(limit.admit(start + 60s, 1000).admitted());
}

TEST(MockPaygLimit, SpreadsRequestsOverTenSecondWindows) {
  PaygLimit limit(0, 12);
  EXPECT_TRUE(limit.admit(start, 1).admitted());
  EXPECT_TRUE(limit.admit(start, 1).admitted());
  const Admission refused = limit.admit(start + 4s, 1);
  EXPECT_EQ(refused.exhausted, Exhausted::requests);
  EXPECT_EQ(refused.retry_after, 6s);
  EXPECT_TRUE(limit.admit(start + 10s, 1).admitted());
}

TEST(MockPaygLimit, WithoutLimitsNothingChanges) {
  PaygLimit limit(0, 0);
  const auto first = limit.admit(start, 1'000'000'000);
  const auto second = limit.admit(start, 1'000'000'000);
  EXPECT_TRUE(second.admitted());
  EXPECT_EQ(first.remaining_tokens, second.remaining_tokens);
}

// Ten units at 600 tokens a minute each: 100 tokens a second, 6,000 make 100 %.
TEST(MockPtuLimit, AdmitsABurstAboveFullAndThenRefuses) {
  PtuLimit limit(10, 600, 4, 60);
  const Admission burst = limit.admit(start, 5000, 500);
  EXPECT_TRUE(burst.admitted());
  EXPECT_EQ(burst.charged, 7000);
  EXPECT_NEAR(burst.utilization, 116.7, 0.1);
  const Admission refused = limit.admit(start, 1, 1);
  EXPECT_EQ(refused.exhausted, Exhausted::capacity);
  EXPECT_EQ(refused.retry_after, 10s);
  EXPECT_TRUE(limit.admit(start + 10s, 1, 1).admitted());
}

TEST(MockPtuLimit, CorrectsTheEstimateAtTheEnd) {
  PtuLimit limit(10, 600, 4, 60);
  const Admission a = limit.admit(start, 2000, 2000);
  EXPECT_FALSE(limit.admit(start, 1, 1).admitted());
  EXPECT_NEAR(limit.settle(start, a.charged, 2000, 250), 50.0, 0.01);
  EXPECT_TRUE(limit.admit(start, 1, 1).admitted());
}

TEST(MockPtuLimit, NeverFallsBelowEmpty) {
  PtuLimit limit(1, 60, 1, 60);
  const Admission a = limit.admit(start, 50, 0);
  EXPECT_EQ(limit.settle(start + 100s, a.charged, 0, 0), 0.0);
}

TEST(MockPtuLimit, TellsWhatWentThrough) {
  PtuLimit limit(10, 600, 4, 60);
  const Admission a = limit.admit(start, 5000, 500);
  limit.admit(start, 1, 1);
  limit.settle(start, a.charged, 1000, 100);
  const PtuTotals totals = limit.totals(start + 7s);
  EXPECT_EQ(totals.admitted, 1);
  EXPECT_EQ(totals.refused, 1);
  EXPECT_EQ(totals.used, 1400);
  EXPECT_NEAR(totals.utilization, 100.0 * 700 / 6000, 0.01);
}

}  // namespace
}  // namespace tollgate::mock
