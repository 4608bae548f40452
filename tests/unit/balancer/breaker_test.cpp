#include "balancer/breaker.hpp"

#include <gtest/gtest.h>

namespace tollgate::balancer {
namespace {

using namespace std::chrono_literals;

// A breaker with a clock of its own.
struct Fixture : testing::Test {
  BreakerRules rules = [] {
    BreakerRules r;
    r.consecutive = 3;
    r.least_calls = 10;
    r.failure_percent = 50;
    r.probes = 2;
    r.open = 1s;
    r.open_most = 8s;
    r.slow_start = 10s;
    r.retry_after_most = 60s;
    return r;
  }();
  Breaker breaker{rules};
  TimePoint now{1000s};

  void fail(int times = 1) {
    for (int i = 0; i < times; ++i) breaker.on_failure(now, breaker.enter(now));
  }
  void answer(Probe probe) {
    breaker.on_answer(now, probe);
    breaker.on_complete();
  }
  void succeed(int times = 1) {
    for (int i = 0; i < times; ++i) answer(breaker.enter(now));
  }
};
using BreakerTest = Fixture;

TEST_F(BreakerTest, OpensAfterFailuresInARow) {
  fail(2);
  EXPECT_TRUE(breaker.admits(now));
  fail();
  EXPECT_FALSE(breaker.admits(now));
  EXPECT_EQ(breaker.state(now), BreakerState::open);
  EXPECT_EQ(breaker.why(now), Closed::failing);
  EXPECT_EQ(breaker.free_at(now), now + 1s);
  EXPECT_EQ(breaker.opened(), 1u);
}

TEST_F(BreakerTest, ASuccessBreaksTheRow) {
  for (int i = 0; i < 3; ++i) {
    fail(2);
    succeed();
  }
  EXPECT_TRUE(breaker.admits(now));
}

TEST_F(BreakerTest, OpensWhenAPartOfTheCallsOfItsWindowFails) {
  for (int i = 0; i < 4; ++i) {
    succeed();
    fail();
  }
  EXPECT_TRUE(breaker.admits(now)) << "eight calls are too few to go by";
  succeed();
  fail();
  EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, ForgetsCallsOlderThanItsWindow) {
  for (int i = 0; i < 4; ++i) {
    succeed();
    fail();
  }
  now += 11s;
  succeed();
  fail();
  EXPECT_TRUE(breaker.admits(now));
}

TEST_F(BreakerTest, LetsProbesThroughAndClosesAfterGoodOnes) {
  fail(3);
  now += 1s;
  EXPECT_EQ(breaker.state(now), BreakerState::half_open);
  const Probe first = breaker.enter(now);
  const Probe second = breaker.enter(now);
  EXPECT_TRUE(first != 0 && second != 0);
  EXPECT_FALSE(breaker.admits(now)) << "two probes at a time";
  EXPECT_EQ(breaker.free_at(now), no_deadline);
  answer(first);
  EXPECT_EQ(breaker.state(now), BreakerState::half_open);
  answer(second);
  EXPECT_EQ(breaker.state(now), BreakerState::closed);
}

TEST_F(BreakerTest, AFailedProbeOpensItForTwiceAsLongUpToTheMost) {
  fail(3);
  for (const auto expected : {2s, 4s, 8s, 8s}) {
    now = breaker.free_at(now);
    fail();
    EXPECT_EQ(breaker.free_at(now), now + expected);
  }
  now = breaker.free_at(now);
  succeed(2);
  fail(3);
  EXPECT_EQ(breaker.free_at(now), now + 1s) << "the row of openings has ended";
}

TEST_F(BreakerTest, AProbeThatEndsWithoutAWordMakesRoomForAnother) {
  fail(3);
  now += 1s;
  breaker.enter(now);
  const Probe second = breaker.enter(now);
  breaker.on_nothing(second);
  EXPECT_TRUE(breaker.admits(now));
}

TEST_F(BreakerTest, FollowsTheAdviceOfA429AndClosesWithTheFirstGoodAnswer) {
  breaker.on_throttled(now, 0, 700ms);
  EXPECT_EQ(breaker.why(now), Closed::throttled);
  EXPECT_EQ(breaker.free_at(now), now + 700ms);
  now += 700ms;
  succeed();
  EXPECT_EQ(breaker.state(now), BreakerState::closed);
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(breaker.is_to_be_spared(now)) << "it was not failing";
}

TEST_F(BreakerTest, AFailureAfterALimitHasPassedIsOneFailure) {
  breaker.on_throttled(now, 0, 200ms);
  now += 200ms;
  fail();
  EXPECT_EQ(breaker.state(now), BreakerState::closed);
  fail(2);
  EXPECT_EQ(breaker.why(now), Closed::failing);
}

TEST_F(BreakerTest, FollowsADayOfAdviceForAMinute) {
  breaker.on_throttled(now, 0, 86'400'000ms);
  EXPECT_EQ(breaker.free_at(now), now + 60s);
}

TEST_F(BreakerTest, IsNotAskedWithEveryCallThoughItSaysAtOnce) {
  breaker.on_throttled(now, 0, 0ms);
  EXPECT_EQ(breaker.free_at(now), now + 100ms);
  rules.retry_after_most = 1ms;
  breaker.use(rules);
  breaker.on_throttled(now, 0, 0ms);
  EXPECT_EQ(breaker.free_at(now), now + 1ms);
}

TEST_F(BreakerTest, WithoutAdviceItWaitsLongerEachTime) {
  for (const auto expected : {1s, 2s, 4s, 8s, 8s}) {
    const Probe probe = breaker.enter(now);
    breaker.on_throttled(now, probe, -1ms);
    EXPECT_EQ(breaker.free_at(now), now + expected);
    now = breaker.free_at(now);
  }
  succeed();
  breaker.on_throttled(now, 0, -1ms);
  EXPECT_EQ(breaker.free_at(now), now + 1s);
}

TEST_F(BreakerTest, A429OfAnOldCallDoesNotShortenAFailuresTime) {
  fail(3);
  breaker.on_throttled(now, 0, 10ms);
  EXPECT_EQ(breaker.free_at(now), now + 1s);
  EXPECT_EQ(breaker.why(now), Closed::failing);
}

TEST_F(BreakerTest, LateAnswersOfCallsFromBeforeDoNotCloseIt) {
  fail(3);
  answer(0);
  EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, ComesBackSlowlyAfterFailures) {
  fail(3);
  now += 1s;
  succeed(2);
  const auto taken = [&] {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += breaker.is_to_be_spared(now) ? 0 : 1;
    return count;
  };
  EXPECT_EQ(taken(), 10);
  now += 5s;
  EXPECT_EQ(taken(), 55);
  now += 5s;
  EXPECT_EQ(taken(), 100);
}

TEST_F(BreakerTest, StreamsThatBreakOffAreFailuresInARow) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(breaker.admits(now));
    breaker.on_answer(now, breaker.enter(now));
    breaker.on_broken(now, 0, now);
  }
  EXPECT_EQ(breaker.why(now), Closed::failing);
}

TEST_F(BreakerTest, AStreamThatBreaksOffIsOneCallOfItsWindow) {
  rules.consecutive = 1000;
  breaker.use(rules);
  for (int i = 0; i < 9; ++i) {
    breaker.on_answer(now, 0);
    now += 100ms;
    breaker.on_broken(now, 0, now - 100ms);
  }
  EXPECT_TRUE(breaker.admits(now)) << "nine calls are too few to go by";
  breaker.on_answer(now, 0);
  breaker.on_broken(now + 30s, 0, now);
  EXPECT_TRUE(breaker.admits(now + 30s)) << "the others are long past, and so is its beginning";
  for (int i = 0; i < 10; ++i) breaker.on_answer(now, 0);
  for (int i = 0; i < 5; ++i) breaker.on_broken(now, 0, now);
  EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, AnAnswerThatIsCompleteEndsTheRow) {
  fail(2);
  breaker.on_answer(now, 0);
  fail();
  EXPECT_FALSE(breaker.admits(now)) << "it had only begun";
}

TEST_F(BreakerTest, ManyAnswersThatBeganWellEndTheRowToo) {
  fail(2);
  for (int i = 0; i < 10; ++i) breaker.on_answer(now, 0);  // clients that leave early
  fail(2);
  EXPECT_TRUE(breaker.admits(now));
  fail();
  EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, ProbesOfAnEarlierOpeningTakeNoSeats) {
  fail(3);
  now += 1s;
  const Probe first = breaker.enter(now), second = breaker.enter(now);
  EXPECT_FALSE(breaker.admits(now)) << "both seats are taken";
  breaker.on_failure(now, first);
  now += 2s;
  EXPECT_TRUE(breaker.admits(now)) << "the second is still out, and has no say any more";
  const Probe third = breaker.enter(now);
  breaker.on_nothing(second);
  breaker.enter(now);
  EXPECT_FALSE(breaker.admits(now)) << "it gave back no seat of these";
  EXPECT_NE(third, second);
}

TEST_F(BreakerTest, AProbeThatBeganWellAndBreaksOffOpensItAgain) {
  fail(3);
  for (const auto expected : {2s, 4s, 8s}) {
    now = breaker.free_at(now);
    const Probe first = breaker.enter(now), second = breaker.enter(now);
    breaker.on_answer(now, first);
    breaker.on_answer(now, second);
    EXPECT_EQ(breaker.state(now), BreakerState::closed) << "a long answer need not be waited for";
    now += 1s;
    breaker.on_broken(now, first, now - 1s);
    EXPECT_EQ(breaker.free_at(now), now + expected);
    breaker.on_broken(now, second, now - 1s);
    EXPECT_EQ(breaker.free_at(now), now + expected) << "once for both";
  }
}

TEST_F(BreakerTest, AProbeThatBreaksOffAfterAnotherAnswerIsCompleteIsOneFailure) {
  fail(3);
  now += 1s;
  const Probe first = breaker.enter(now), second = breaker.enter(now);
  breaker.on_answer(now, first);
  breaker.on_answer(now, second);
  breaker.on_complete();
  breaker.on_broken(now, second, now);
  EXPECT_EQ(breaker.state(now), BreakerState::closed);
}

TEST_F(BreakerTest, ALateGoodProbeDoesNotUndoANewerRefusal) {
  breaker.on_throttled(now, 0, 100ms);
  now += 100ms;
  const Probe slow = breaker.enter(now), refused = breaker.enter(now);
  breaker.on_throttled(now, refused, 20s);
  answer(slow);
  EXPECT_EQ(breaker.free_at(now), now + 20s);
  now += 20s;
  EXPECT_EQ(breaker.state(now), BreakerState::half_open);
  answer(breaker.enter(now));
  EXPECT_EQ(breaker.state(now), BreakerState::closed);
}

TEST_F(BreakerTest, TwoProbesThatFailOpenItOnce) {
  fail(3);
  now += 1s;
  const Probe first = breaker.enter(now), second = breaker.enter(now);
  breaker.on_failure(now, first);
  breaker.on_failure(now, second);
  EXPECT_EQ(breaker.free_at(now), now + 2s);
}

TEST_F(BreakerTest, TakesUpNewRules) {
  rules.consecutive = 1;
  breaker.use(rules);
  fail();
  EXPECT_FALSE(breaker.admits(now));
}

}  // namespace
}  // namespace tollgate::balancer
