#include "sharing/leases.hpp"

#include <gtest/gtest.h>

#include <map>

namespace tollgate::sharing {
namespace {

using namespace std::chrono_literals;

struct LeasesTest : testing::Test {
  Settlements settlements{"p", 100};
  Leases leases{settlements, 10};
  TimePoint now{};

  static Ask ask(std::int64_t amount, PotKind kind = PotKind::sliding) {
    Ask out;
    out.key = "k";
    out.kind = kind;
    out.window_ms = 6'400;  // slots of 100
    out.limit = 1'000;
    out.amount = amount;
    return out;
  }
  void lease(std::int64_t amount, std::int64_t now_ms, PotKind kind = PotKind::sliding) {
    leases.at(ask(0, kind), now_ms, now);
    leases.put("k", kind, 6'400, slot_of(kind, 6'400, 0, now_ms), amount, now);
  }
  // Told per slot.
  std::map<std::int64_t, std::int64_t> told() {
    std::map<std::int64_t, std::int64_t> out;
    for (const auto& settlement : settlements.take(100)) out[settlement.slot_ms] += settlement.delta;
    return out;
  }
};

TEST_F(LeasesTest, AreSpentWithoutTellingAnybody) {
  lease(10, 1'000);
  EXPECT_TRUE(leases.take(ask(4), 1'050, now));
  EXPECT_TRUE(leases.take(ask(6), 1'050, now));
  EXPECT_FALSE(leases.take(ask(1), 1'050, now));
  EXPECT_TRUE(settlements.is_empty());
}

TEST_F(LeasesTest, MoveAlongWithTheTimeSoThatNothingComesBackEarly) {
  lease(10, 1'000);
  EXPECT_TRUE(leases.take(ask(4), 1'000, now));
  EXPECT_TRUE(leases.take(ask(1), 1'300, now));
  EXPECT_EQ(told(), (std::map<std::int64_t, std::int64_t>{{1'000, -6}, {1'300, 6}}));
}

TEST_F(LeasesTest, AreWorthNothingOnceTheirSlotNoLongerCounts) {
  lease(10, 1'000);
  EXPECT_TRUE(leases.take(ask(1), 1'000, now));
  EXPECT_FALSE(leases.take(ask(1), 1'100 + 6'400, now));
  EXPECT_TRUE(settlements.is_empty());
}

TEST_F(LeasesTest, GoBackWhenIdleAndWhenThePeriodEnds) {
  lease(10, 1'000);
  leases.give_back_idle(now - 1s, now);
  EXPECT_TRUE(settlements.is_empty());
  leases.give_back_idle(now, now);
  EXPECT_EQ(told(), (std::map<std::int64_t, std::int64_t>{{1'000, -10}}));
  EXPECT_TRUE(leases.is_empty());

  auto monthly = ask(3, PotKind::fixed);
  monthly.period_start_ms = 5'000;
  leases.at(monthly, 5'001, now);
  leases.put("k", PotKind::fixed, 6'400, 5'000, 10, now);
  EXPECT_TRUE(leases.take(monthly, 5'001, now));
  monthly.period_start_ms = 11'400;
  EXPECT_FALSE(leases.take(monthly, 11'401, now));
  EXPECT_EQ(told(), (std::map<std::int64_t, std::int64_t>{{5'000, -7}}));
}

TEST_F(LeasesTest, TakeSettlementsUpToTheirSize) {
  lease(90, 1'000);  // of a size of 100
  EXPECT_EQ(leases.settle("k", PotKind::sliding, 1'000, -30), -20);
  EXPECT_EQ(leases.find("k")->left, 100);
  EXPECT_EQ(leases.settle("k", PotKind::sliding, 1'000, 130), 30);
  EXPECT_EQ(leases.find("k")->left, 0);
  EXPECT_EQ(leases.settle("k", PotKind::sliding, 900, -5), -5);
  EXPECT_EQ(leases.settle("other", PotKind::sliding, 1'000, -5), -5);
}

TEST_F(LeasesTest, AreAtLeastOneAndDoNotOverflow) {
  EXPECT_EQ(leases.size_for(5), 1);
  EXPECT_EQ(leases.size_for(1'000), 100);
  EXPECT_EQ(leases.size_for(9'000'000'000'000'000'000), 900'000'000'000'000'000);
}

TEST_F(LeasesTest, WhatComesForASlotThatTheLeaseHasLeftMovesToIt) {
  lease(10, 1'500);
  leases.put("k", PotKind::sliding, 6'400, 1'400, 5, now);
  EXPECT_EQ(leases.find("k")->left, 15);
  EXPECT_EQ(told(), (std::map<std::int64_t, std::int64_t>{{1'400, -5}, {1'500, 5}}));
}

}  // namespace
}  // namespace tollgate::sharing
