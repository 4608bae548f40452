#include "limits/pot.hpp"

#include "rules.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace tollgate::limits {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t start = 1'795'444'200'000;

TEST(Pot, GivesNothingBackBeforeItIsAsOldAsTheWindow) {
  Pot pot("k", sliding_rule(Measure::requests, 3, 64s), 0);
  pot.advance(start);
  for (int i = 0; i < 3; ++i) pot.book(1);
  EXPECT_EQ(pot.room(), 0);
  pot.advance(start + 64'000);
  EXPECT_EQ(pot.room(), 0);
  pot.advance(start + 65'000);
  EXPECT_EQ(pot.room(), 3);
}

TEST(Pot, TheWaitItTellsIsExact) {
  Pot pot("k", sliding_rule(Measure::tokens, 100, 60s), 0);
  std::mt19937 random(11);
  std::int64_t now = start;
  for (int i = 0; i < 2000; ++i) {
    now += static_cast<std::int64_t>(random() % 3000);
    pot.advance(now);
    const auto amount = static_cast<std::int64_t>(random() % 60 + 1);
    const std::int64_t wait = pot.wait_for(amount);
    if (wait == 0) {
      pot.book(amount);
      continue;
    }
    ASSERT_GT(wait, 0);
    pot.advance(now + wait - 1);
    ASSERT_GT(pot.wait_for(amount), 0) << "one millisecond before";
    pot.advance(now + wait);
    ASSERT_EQ(pot.wait_for(amount), 0);
    now += wait;
  }
}

TEST(Pot, NoStretchOfTheWindowsLengthEverHoldsMoreThanTheLimit) {
  Pot pot("k", sliding_rule(Measure::tokens, 1000, 10s), 0);
  std::mt19937 random(3);
  std::deque<std::pair<std::int64_t, std::int64_t>> log;
  std::int64_t now = start;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<std::int64_t>(random() % 97);
    pot.advance(now);
    const auto amount = static_cast<std::int64_t>(random() % 50 + 1);
    if (pot.wait_for(amount) != 0) continue;
    pot.book(amount);
    log.emplace_back(now, amount);
    while (log.front().first <= now - 10'000) log.pop_front();
    std::int64_t sum = 0;
    for (const auto& [at, booked] : log) sum += booked;
    ASSERT_LE(sum, 1000);
  }
}

TEST(Pot, RefusesForEverWhatIsLargerThanTheLimit) {
  Pot pot("k", sliding_rule(Measure::tokens, 100, 1min), 0);
  pot.advance(start);
  EXPECT_EQ(pot.wait_for(101), -1);
}

TEST(Pot, ACorrectionGoesToTheSlotThatWasBooked) {
  Pot pot("k", sliding_rule(Measure::tokens, 100, 64s), 0);
  pot.advance(start);
  const auto slot = pot.book(80);
  pot.advance(start + 30'000);
  pot.correct(slot, -50);
  EXPECT_EQ(pot.use(), 30);
  pot.advance(start + 65'000);
  EXPECT_EQ(pot.use(), 0);
  pot.correct(slot, -30);  // it has left already
  EXPECT_EQ(pot.use(), 0);
}

TEST(Pot, AClockThatGoesBackChangesNothing) {
  Pot pot("k", sliding_rule(Measure::requests, 2, 1s), 0);
  pot.advance(start);
  pot.book(2);
  pot.advance(start - 3'600'000);
  EXPECT_EQ(pot.room(), 0);
  pot.advance(start + 1'100);
  EXPECT_EQ(pot.room(), 2);
}

TEST(Pot, AClockThatIsSetBackFarIsFollowed) {
  Pot pot("k", sliding_rule(Measure::requests, 2, 1s), 0);
  pot.advance(start + 3'600'000);
  pot.book(2);
  pot.advance(start);
  EXPECT_EQ(pot.room(), 0) << "what was booked counts from now on";
  pot.advance(start + 1'100);
  EXPECT_EQ(pot.room(), 2) << "and not for an hour";
}

TEST(Pot, ALifeThatEndedTakesNothingFromTheNext) {
  SpendRule rule = budget_rule(Measure::tokens, 100, WindowKind::life);
  rule.window.length = 1min;
  Pot pot("k", rule, 0);
  pot.advance(start);
  const auto slot = pot.book(80);
  pot.advance(start + 61'000);
  pot.book(10);
  pot.correct(slot, -50);
  EXPECT_EQ(pot.use(), 10);
}

TEST(Pot, ANewAmountGivesItsAlertsAnew) {
  SpendRule rule = budget_rule(Measure::money, 1000, WindowKind::hour);
  rule.alert_percent = {80};
  Pot pot("k", rule, 0);
  pot.advance(start);
  pot.book(900);
  EXPECT_EQ(pot.newly_reached_alert(rule), 80);
  rule.amount = 2000;
  pot.use_rule(rule);
  EXPECT_EQ(pot.newly_reached_alert(rule), 0);
  pot.book(800);
  EXPECT_EQ(pot.newly_reached_alert(rule), 80);
}

TEST(Pot, ABudgetStartsAnewWithItsPeriod) {
  Pot pot("k", budget_rule(Measure::tokens, 100, WindowKind::hour), 0);
  pot.advance(start);  // half past
  const auto slot = pot.book(100);
  EXPECT_EQ(pot.wait_for(1), 30 * 60'000);
  pot.advance(start + 30 * 60'000 - 1);
  EXPECT_EQ(pot.room(), 0);
  pot.advance(start + 30 * 60'000);
  EXPECT_EQ(pot.room(), 100);
  pot.correct(slot, -100);  // of the hour before
  EXPECT_EQ(pot.room(), 100);
}

TEST(Pot, ALifeEndsWhenNobodyHasComeForLong) {
  SpendRule rule = budget_rule(Measure::tokens, 100, WindowKind::life);
  rule.window.length = 2h;
  Pot pot("k", rule, 0);
  pot.advance(start);
  pot.book(100);
  pot.advance(start + 7'199'000);
  EXPECT_EQ(pot.room(), 0);
  pot.advance(start + 7'199'000 + 7'199'000);
  EXPECT_EQ(pot.room(), 0) << "every use prolongs it";
  pot.advance(start + 3 * 7'200'000);
  EXPECT_EQ(pot.room(), 100);
}

TEST(Pot, CallsAtATimeAreCountedWhileTheyRun) {
  Pot pot("k", concurrent_rule(2), 0);
  pot.advance(start);
  const auto slot = pot.book(1);
  pot.book(1);
  EXPECT_GT(pot.wait_for(1), 0);
  pot.correct(slot, -1);
  EXPECT_EQ(pot.wait_for(1), 0);
}

TEST(Pot, IsRestoredFromWhatALedgerKept) {
  Pot minute("k", sliding_rule(Measure::tokens, 100, 64s), 0);
  minute.restore((start / 1000 - 10) * 1000, 40, start);
  minute.restore((start / 1000 - 90) * 1000, 1000, start);  // long gone
  minute.restore((start / 1000 - 20) * 1000, 30, start);
  minute.advance(start);
  EXPECT_EQ(minute.use(), 70);
  minute.advance(start + 46'000);
  EXPECT_EQ(minute.use(), 40);

  Pot hour("k", budget_rule(Measure::tokens, 100, WindowKind::hour), 0);
  hour.restore(start - 30 * 60'000, 60, start);
  hour.restore(start - 90 * 60'000, 60, start);
  EXPECT_EQ(hour.use(), 60);
}

TEST(Pot, AnAlertIsGivenOnceAPeriod) {
  SpendRule rule = budget_rule(Measure::money, 1000, WindowKind::hour);
  rule.alert_percent = {50, 90};
  Pot pot("k", rule, 0);
  pot.advance(start);
  pot.book(499);
  EXPECT_EQ(pot.newly_reached_alert(rule), 0);
  pot.book(1);
  EXPECT_EQ(pot.newly_reached_alert(rule), 50);
  EXPECT_EQ(pot.newly_reached_alert(rule), 0);
  pot.book(500);
  EXPECT_EQ(pot.newly_reached_alert(rule), 90);
  pot.advance(start + 3'600'000);
  pot.book(600);
  EXPECT_EQ(pot.newly_reached_alert(rule), 50);
}

}  // namespace
}  // namespace tollgate::limits
