#include "sharing/unshared.hpp"

#include <gtest/gtest.h>

namespace tollgate::sharing::unshared_test {
namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;
const TimePoint now{};

struct UnsharedTest : testing::Test {
  Settlements settlements{"p", 100};
  Numbers numbers;
  Unshared unshared{settlements, numbers};

  static Ask ask(const char* key, WhenUnshared when, std::int64_t amount = 1) {
    Ask out;
    out.key = key;
    out.window_ms = 60'000;
    out.limit = 10;
    out.amount = amount;
    out.when_unshared = when;
    return out;
  }
};

TEST_F(UnsharedTest, OneClosedLimitRefusesAndNothingIsCounted) {
  Ask asks[] = {ask("a", WhenUnshared::open, 6), ask("b", WhenUnshared::closed)};
  EXPECT_EQ(unshared.decide(asks, 0, now_ms, now).refused_by, 1);
  EXPECT_TRUE(settlements.is_empty());
  EXPECT_TRUE(unshared.decide(std::span(asks, 1), 0, now_ms, now).is_granted);
  EXPECT_EQ(asks[0].used_after, 6);
  EXPECT_EQ(numbers.closed_refused.get(), 1);
  EXPECT_EQ(numbers.open_granted.get(), 1);
}

TEST_F(UnsharedTest, OpenLimitsThisGatewayAndTellsWhenThereIsRoom) {
  Ask one = ask("a", WhenUnshared::open, 6);
  EXPECT_TRUE(unshared.decide(std::span(&one, 1), 0, now_ms, now).is_granted);
  EXPECT_FALSE(unshared.decide(std::span(&one, 1), 0, now_ms, now).is_granted);
  EXPECT_GT(one.wait_ms, 60'000);
  const auto then = now_ms + one.wait_ms;
  EXPECT_TRUE(unshared.decide(std::span(&one, 1), 0, then, now).is_granted);
  EXPECT_FALSE(unshared.decide(std::span(&one, 1), 0, then, now).is_granted);
  unshared.adjust("a", slot_of(one.kind, one.window_ms, 0, then), -6);
  EXPECT_TRUE(unshared.decide(std::span(&one, 1), 0, then, now).is_granted);
}

TEST_F(UnsharedTest, WhatWasGrantedIsToldToRedisLater) {
  Ask one = ask("a", WhenUnshared::open, 6);
  (void)unshared.decide(std::span(&one, 1), 0, now_ms, now);
  const auto told = settlements.take(10);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].delta, 6);
}

TEST_F(UnsharedTest, ALeasePaysUnlessTheLimitIsClosed) {
  Ask last = ask("a", WhenUnshared::last_lease);
  EXPECT_FALSE(unshared.decide(std::span(&last, 1), 0, now_ms, now).is_granted);
  EXPECT_TRUE(unshared.decide(std::span(&last, 1), 1, now_ms, now).is_granted);
  Ask closed = ask("a", WhenUnshared::closed);
  EXPECT_FALSE(unshared.decide(std::span(&closed, 1), 1, now_ms, now).is_granted);
  EXPECT_TRUE(settlements.is_empty());
  EXPECT_EQ(numbers.last_lease_granted.get(), 1);
  EXPECT_EQ(numbers.last_lease_refused.get(), 1);
}

}  // namespace
}  // namespace tollgate::sharing::unshared_test
