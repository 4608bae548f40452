#include "net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tollgate::net {
namespace {

using namespace std::chrono_literals;

struct Counted : Timer {
  int fired = 0;
  Counted() {
    fire = [](Timer& timer) { ++static_cast<Counted&>(timer).fired; };
  }
};

const TimePoint zero = TimePoint{} + 100s;

TEST(TimerWheel, FiresNotBeforeTheMomentAndAtMostATickLate) {
  TimerWheel wheel(zero);
  Counted timer;
  timer.at = zero + 25ms;
  wheel.add(timer);
  wheel.advance(zero + 24ms);
  EXPECT_EQ(timer.fired, 0);
  wheel.advance(zero + 35ms);
  EXPECT_EQ(timer.fired, 1);
  EXPECT_FALSE(timer.is_armed());
}

TEST(TimerWheel, ATimerOfALaterRoundWaits) {
  TimerWheel wheel(zero);
  Counted timer;
  timer.at = zero + TimerWheel::tick * (3 * TimerWheel::slots + 5);
  wheel.add(timer);
  for (auto now = zero; now < timer.at; now += 7ms) wheel.advance(now);
  EXPECT_EQ(timer.fired, 0);
  wheel.advance(timer.at + TimerWheel::tick);
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, ARemovedTimerDoesNotFire) {
  TimerWheel wheel(zero);
  Counted timer;
  timer.at = zero + 20ms;
  wheel.add(timer);
  TimerWheel::remove(timer);
  wheel.advance(zero + 1s);
  EXPECT_EQ(timer.fired, 0);
  EXPECT_EQ(wheel.next_look(), no_deadline);
}

struct Rearming : Timer {
  TimerWheel* wheel;
  int left = 5;
  Rearming() {
    fire = [](Timer& timer) {
      auto& self = static_cast<Rearming&>(timer);
      if (--self.left == 0) return;
      self.at += 10ms;
      self.wheel->add(self);
    };
  }
};

TEST(TimerWheel, ATimerMayArmItselfAgainWhenItFires) {
  TimerWheel wheel(zero);
  Rearming timer;
  timer.wheel = &wheel;
  timer.at = zero;
  wheel.add(timer);
  for (auto now = zero; now < zero + 1s; now += 10ms) wheel.advance(now);
  EXPECT_EQ(timer.left, 0);
}

TEST(TimerWheel, AfterALongSleepAllThatIsDueFiresOnce) {
  TimerWheel wheel(zero);
  std::vector<Counted> timers(2'000);
  std::mt19937 random(1);
  for (auto& timer : timers) {
    timer.at = zero + std::chrono::milliseconds(random() % 60'000);
    wheel.add(timer);
  }
  wheel.advance(zero + 30s);
  wheel.advance(zero + 61s);
  for (const auto& timer : timers) EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, NextLookIsNeverAfterTheEarliestTimersTick) {
  TimerWheel wheel(zero);
  Counted timer;
  timer.at = zero + 42ms;
  wheel.add(timer);
  EXPECT_LE(wheel.next_look(), zero + 50ms);
  EXPECT_GE(wheel.next_look() + TimerWheel::tick, timer.at);
}

}  // namespace
}  // namespace tollgate::net
