#include "sharing/local_pot.hpp"

#include "pot_model.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tollgate::sharing {
namespace {

TEST(LocalPot, ASlidingPotDoesWhatTheModelDoes) {
  std::mt19937 random(7);
  for (const std::int64_t window : {64, 1'000, 6'400, 60'000}) {
    PotModel model{window, 1'000, {}};
    LocalPot pot(PotKind::sliding, window);
    std::int64_t now = 1'000'000'000'000;
    for (int step = 0; step < 3'000; ++step) {
      now += static_cast<std::int64_t>(random() % static_cast<unsigned>(window / 16));
      Ask ask;
      ask.kind = PotKind::sliding;
      ask.window_ms = window;
      ask.limit = model.limit;
      ask.amount = random() % 200;
      ASSERT_EQ(pot.use(now, 0), model.use(now));
      const auto slot = slot_of(PotKind::sliding, window, 0, now);
      if (model.use(now) + ask.amount <= model.limit) {
        model.slots[slot] += ask.amount;
        pot.add(slot, ask.amount);
      } else {
        ASSERT_EQ(pot.wait(ask, now), model.wait(now, ask.amount));
      }
    }
  }
}

TEST(LocalPot, NothingIsGivenBackBeforeItIsAWindowOld) {
  LocalPot pot(PotKind::sliding, 6'400);
  pot.add(slot_of(PotKind::sliding, 6'400, 0, 10'099), 5);
  EXPECT_EQ(pot.use(10'099 + 6'400, 0), 5);
  EXPECT_EQ(pot.use(10'100 + 6'400, 0), 0);
}

TEST(LocalPot, APeriodHasABookOfItsOwnAndEndsWithItsReset) {
  LocalPot pot(PotKind::fixed, 1'000);
  pot.add(5'000, 7);
  EXPECT_EQ(pot.use(5'500, 5'000), 7);
  EXPECT_EQ(pot.use(6'500, 6'000), 0);
  Ask ask{.key = "k", .kind = PotKind::fixed, .window_ms = 1'000, .period_start_ms = 5'000, .limit = 8, .amount = 2};
  EXPECT_EQ(pot.wait(ask, 5'600), 400);
  ask.amount = 9;
  EXPECT_EQ(pot.wait(ask, 5'600), -1);
}

TEST(LocalPot, GivingBackMoreThanThereIsLeavesNothing) {
  LocalPot pot(PotKind::held, 0);
  pot.add(0, 2);
  pot.add(0, -5);
  EXPECT_EQ(pot.use(0, 0), 0);
}

}  // namespace
}  // namespace tollgate::sharing
