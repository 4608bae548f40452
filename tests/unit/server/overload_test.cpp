#include "server/overload.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tollgate::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration most = 50ms;
constexpr Duration refusal = 10us;

class OverloadTest : public ::testing::Test {
 protected:
  // One request every `between` for `length`, each finding the worker behind by `waited`; how many are
  // refused, each of which takes `took`.
  int refused(Duration length, Duration waited, Duration took = refusal, Duration between = 500us) {
    int count = 0;
    for (const TimePoint end = now + length; now < end; now += between) {
      if (!overload.must_refuse(waited, most, now, took_its_turn)) continue;
      overload.on_refused(took, ends_connections);
      ++count;
    }
    return count;
  }

  void begin() {
    EXPECT_EQ(refused(1s, 51ms), 0);
    EXPECT_EQ(refused(500us, 51ms), 1);
  }

  // Two seconds and more in which one request in `of` finds the worker idle.
  void be_idle_once_in(int of) {
    for (int i = 0; i < 400; ++i) {
      refused(1ms, 100us);
      refused((of - 1) * 1ms, 600us);
    }
  }

  Overload overload;
  TimePoint now = TimePoint{} + 1h;
  bool ends_connections = false;
  bool took_its_turn = false;
};

TEST_F(OverloadTest, LongWaitsBelowTheBoundAreTaken) { EXPECT_EQ(refused(1min, most), 0); }

TEST_F(OverloadTest, ABurstIsTaken) {
  for (int burst = 0; burst < 10; ++burst) {
    EXPECT_EQ(refused(999ms, 10s), 0);
    EXPECT_EQ(refused(1ms, 1ms), 0);  // it has caught up once
  }
}

TEST_F(OverloadTest, RefusesEverySecondRequestAtMost) {
  begin();
  EXPECT_EQ(refused(160ms, 51ms), 160);  // of 320; they take 10 us of a millisecond, and 33 would be for them
}

TEST_F(OverloadTest, ServesWhoTookItsTurn) {
  begin();
  took_its_turn = true;
  EXPECT_EQ(refused(1s, 51ms), 0);
}

TEST_F(OverloadTest, SaysHowManyItMayRefuse) {
  EXPECT_EQ(overload.most_refusals(), 0);
  begin();
  EXPECT_EQ(overload.most_refusals(), 0);  // one has been, and none served since
  took_its_turn = true;
  refused(5ms, 51ms);
  EXPECT_EQ(overload.most_refusals(), 10);
  refused(50ms, 51ms);
  EXPECT_EQ(overload.most_refusals(), 16);  // 200 us are kept for them
  refused(500us, 500us);
  EXPECT_EQ(overload.most_refusals(), 0);  // it is hardly behind
  refused(500us, 51ms);
  EXPECT_EQ(overload.most_refusals(), 16);
  overload.on_refused(195us, false);
  EXPECT_EQ(overload.most_refusals(), 1);
  overload.on_refused(10us, false);
  EXPECT_EQ(overload.most_refusals(), 0);
  refused(1005ms, 100us);
  EXPECT_EQ(overload.most_refusals(), 0);  // it is over
}

TEST_F(OverloadTest, SpendsOnePartInThirtyOfItsTimeOnRefusals) {
  begin();
  refused(100ms, 51ms, refusal, 20us);
  EXPECT_NEAR(refused(3s, 51ms, refusal, 20us), 7'140, 70);  // each is reckoned at 4 us more than the clock has seen
  EXPECT_NEAR(refused(3s, 51ms, 2 * refusal, 20us), 4'170, 40);
}

TEST_F(OverloadTest, AClientThatMustConnectAnewCountsForMore) {
  begin();
  ends_connections = true;
  EXPECT_NEAR(refused(3s, 51ms, refusal, 20us), 196, 5);
}

TEST_F(OverloadTest, ALullBringsNoFloodOfRefusals) {
  begin();
  refused(500ms, 400us);
  EXPECT_EQ(refused(1ms, 51ms, 50us, 20us), 5);  // of the 200 us that are kept, and of what comes
}

TEST_F(OverloadTest, ARefusalThatWaitedForItsClientCountsAsOneThatWorked) {
  begin();
  EXPECT_EQ(refused(1ms, 51ms, 1h), 1);
  EXPECT_EQ(refused(10ms, 51ms), 10);
}

TEST_F(OverloadTest, ManyThatEndAtOnceDoNotStopItForLong) {
  begin();
  ends_connections = true;
  for (int i = 0; i < 1000; ++i) overload.on_refused(1s, ends_connections);
  now += 25ms;
  EXPECT_EQ(refused(1ms, 51ms), 1);
}

TEST_F(OverloadTest, KeepsTheWorkerBusyWhileItRefuses) {
  begin();
  EXPECT_EQ(refused(100ms, 500us), 0);
  EXPECT_EQ(refused(160ms, 501us), 176);  // of 320, and before them 32 had been served that count
}

TEST_F(OverloadTest, EndsWhenNothingHadToBeRefusedForASecond) {
  begin();
  EXPECT_EQ(refused(900ms, 400us), 0);
  EXPECT_EQ(refused(10ms, 600us), 20);  // it had not ended, and served many
  EXPECT_EQ(refused(1010ms, 400us), 0);
  EXPECT_EQ(refused(1s, 51ms), 0);  // it had: the next second is a burst again
  EXPECT_EQ(refused(10ms, 51ms), 10);
}

TEST_F(OverloadTest, EndsWhenTheWorkerIsIdleNowAndThen) {
  begin();
  be_idle_once_in(5);
  EXPECT_EQ(refused(100ms, 600us), 0);
}

TEST_F(OverloadTest, GoesOnWhileTheWorkerIsHardlyEverIdle) {
  begin();
  be_idle_once_in(10);
  EXPECT_EQ(refused(100ms, 600us), 100);
}

TEST_F(OverloadTest, ALullIsNoOverload) {
  refused(10ms, 51ms);
  now += 1h;
  EXPECT_FALSE(overload.must_refuse(0ms, most, now, false));
  EXPECT_EQ(refused(999ms, 51ms), 0);
}

}  // namespace
}  // namespace tollgate::server
