#include "limits/estimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace tollgate::limits {
namespace {

TEST(Estimate, ComesToLieAboveMostAnswers) {
  Estimate estimate;
  std::mt19937 random(7);
  std::lognormal_distribution<double> lengths(5.0, 0.6);
  int above = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto tokens = static_cast<std::int64_t>(lengths(random));
    if (i >= 2000 && tokens > estimate.answer()) ++above;
    estimate.learn_answer(tokens);
  }
  EXPECT_GT(above, 20);
  EXPECT_LT(above, 300);  // of 2,000
}

TEST(Estimate, FollowsAChangeWithinSomeHundredAnswers) {
  Estimate estimate;
  for (int i = 0; i < 500; ++i) estimate.learn_answer(20);
  EXPECT_LT(estimate.answer(), 40);
  for (int i = 0; i < 50; ++i) estimate.learn_answer(4000);
  EXPECT_GT(estimate.answer(), 3500);
}

TEST(Estimate, ExpectsSomewhatMoreThanTheFirstAnswers) {
  Estimate estimate;
  EXPECT_EQ(estimate.answer(), 513);
  estimate.learn_answer(40);
  EXPECT_EQ(estimate.answer(), 67);
  estimate.learn_answer(20);
  EXPECT_EQ(estimate.answer(), 67);
  estimate.learn_answer(100);
  EXPECT_EQ(estimate.answer(), 142);
}

TEST(Estimate, LearnsThatTheProviderCountsMore) {
  Estimate estimate;
  EXPECT_EQ(estimate.prompt(100), 100);
  estimate.learn_prompt(100, 112);
  EXPECT_EQ(estimate.prompt(100), 112);
  estimate.learn_prompt(100, 100);
  EXPECT_GE(estimate.prompt(100), 111);
}

TEST(Estimate, NeverExpectsLessThanWasCounted) {
  Estimate estimate;
  estimate.learn_prompt(100, 20);
  EXPECT_EQ(estimate.prompt(100), 100);
}

TEST(Estimates, AreTheSameForTheSameNames) {
  Estimates estimates;
  EXPECT_EQ(&estimates.of("a", "m"), &estimates.of("a", "m"));
  EXPECT_NE(&estimates.of("a", "m"), &estimates.of("b", "m"));
}

}  // namespace
}  // namespace tollgate::limits
