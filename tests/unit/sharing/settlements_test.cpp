#include "sharing/settlements.hpp"

#include <gtest/gtest.h>

namespace tollgate::sharing {
namespace {

const TimePoint now{};

TEST(Settlements, AreAddedUpPerPotAndSlot) {
  Settlements all("p", 10);
  all.tell("a", PotKind::sliding, 1'000, 16, 5, now);
  all.tell("a", PotKind::sliding, 1'000, 16, -2, now);
  all.tell("a", PotKind::sliding, 1'000, 32, 1, now);
  EXPECT_EQ(all.size(), 2u);
  std::int64_t sum = 0;
  for (const auto& settlement : all.take(10)) {
    EXPECT_EQ(settlement.redis_key, "p:a");
    sum += settlement.delta;
  }
  EXPECT_EQ(sum, 4);
  EXPECT_TRUE(all.is_empty());
}

TEST(Settlements, WhatCancelsOutIsNotTold) {
  Settlements all("p", 10);
  all.tell("a", PotKind::fixed, 1'000, 0, 5, now);
  all.tell("a", PotKind::fixed, 1'000, 0, -5, now);
  EXPECT_TRUE(all.is_empty());
}

TEST(Settlements, AFullQueueDropsAndCountsWhatIsNewButNotWhatItKnows) {
  Settlements all("p", 2);
  all.tell("a", PotKind::fixed, 0, 0, 1, now);
  all.tell("b", PotKind::fixed, 0, 0, 1, now);
  all.tell("c", PotKind::fixed, 0, 0, 1, now);
  all.tell("a", PotKind::fixed, 0, 0, 1, now);
  EXPECT_EQ(all.size(), 2u);
  EXPECT_EQ(all.dropped(), 1);
}

TEST(Settlements, SlotsThatNoLongerCountDoNotFillTheQueueOfALongOutage) {
  Settlements all("p", 100);
  for (int slot = 0; slot < 10; ++slot) all.tell("a", PotKind::sliding, 6'400, slot * 100, 1, now);
  all.tell("b", PotKind::fixed, 6'400, 0, 1, now);
  all.forget_expired(6'400 + 500);
  EXPECT_EQ(all.size(), 6u);
}

TEST(Settlements, WhatTakesRoomGoesBeforeWhatMakesRoom) {
  Settlements all("p", 100);
  for (int i = 0; i < 20; ++i) {
    all.tell("down" + std::to_string(i), PotKind::sliding, 1'000, 16, -1, now);
    all.tell("up" + std::to_string(i), PotKind::sliding, 1'000, 16, 1, now);
  }
  for (const auto& settlement : all.take(20)) EXPECT_EQ(settlement.delta, 1);
  for (const auto& settlement : all.take(20)) EXPECT_EQ(settlement.delta, -1);
}

TEST(Settlements, APeriodIsPartOfTheKey) {
  EXPECT_EQ(redis_key("p", "k", PotKind::fixed, 86'400'000), "p:k:86400000");
  EXPECT_EQ(redis_key("p", "k", PotKind::fixed, 0), "p:k");
  EXPECT_EQ(redis_key("p", "k", PotKind::sliding, 0), "p:k");
}

TEST(Settlements, AfterALossTheWholeOfWhatIsHeldIsTold) {
  Settlements all("p", 10);
  all.note_held("busy", 3, now);
  all.tell("busy", PotKind::held, 0, 0, -1, now);
  all.note_held("done", 1, now);
  all.tell("done", PotKind::held, 0, 0, -1, now);
  all.restore_held();
  std::int64_t busy = -1, idle = -1;
  for (const auto& settlement : all.take(10)) {
    EXPECT_TRUE(settlement.is_whole);
    (settlement.redis_key == "p:busy" ? busy : idle) = settlement.delta;
  }
  EXPECT_EQ(busy, 2);
  EXPECT_EQ(idle, 0);
}

TEST(Settlements, WhatHasLongBeenReleasedIsForgotten) {
  Settlements all("p", 10);
  all.note_held("a", 1, now);
  all.note_held("b", 1, now);
  all.tell("a", PotKind::held, 0, 0, -1, now);
  const auto held = all.held(now + std::chrono::seconds(1));
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].first, "p:b");
  all.restore_held();
  EXPECT_EQ(all.take(10).size(), 1u);
}

}  // namespace
}  // namespace tollgate::sharing
