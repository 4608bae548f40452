#include "server/overload.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tollgate::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration most = 50ms;

constexpr Duration refusal = 10us;

// One request every `between` for `length`, each finding the worker behind by `waited`; how many are refused,
// each of which takes `took`.
int refused(Overload& overload, TimePoint& now, Duration length, Duration waited, Duration took = refusal,
            Duration between = 1ms) {
  int count = 0;
  for (const TimePoint end = now + length; now < end; now += between) {
    if (!overload.must_refuse(waited, most, now)) continue;
    overload.on_refused(took);
    ++count;
  }
  return count;
}

class OverloadTest : public ::testing::Test {
 protected:
  Overload overload;
  TimePoint now = TimePoint{} + 1h;
};

TEST_F(OverloadTest, LongWaitsBelowTheBoundAreTaken) { EXPECT_EQ(refused(overload, now, 1min, most), 0); }

TEST_F(OverloadTest, ABurstIsTaken) {
  for (int burst = 0; burst < 10; ++burst) {
    EXPECT_EQ(refused(overload, now, 999ms, 10s), 0);
    EXPECT_EQ(refused(overload, now, 1ms, 1ms), 0);  // it has caught up once
  }
}

TEST_F(OverloadTest, RefusesWhatIsTooMuchAfterASecond) {
  EXPECT_EQ(refused(overload, now, 1s, 51ms), 0);
  EXPECT_EQ(refused(overload, now, 160ms, 51ms), 160);  // 33 us in each millisecond are for it
}

TEST_F(OverloadTest, SpendsOnePartInThirtyOfItsTimeOnRefusals) {
  refused(overload, now, 1s, 51ms);
  refused(overload, now, 100ms, 51ms, refusal, 20us);
  EXPECT_NEAR(refused(overload, now, 3s, 51ms, refusal, 20us), 10'000, 100);
  EXPECT_NEAR(refused(overload, now, 3s, 51ms, 2 * refusal, 20us), 5'000, 100);
}

TEST_F(OverloadTest, ALullBringsNoFloodOfRefusals) {
  refused(overload, now, 1001ms, 51ms);
  refused(overload, now, 500ms, 400us);
  EXPECT_EQ(refused(overload, now, 1ms, 51ms, 50us, 20us), 5);  // of the 200 us that are kept, and of what comes
}

TEST_F(OverloadTest, ARefusalThatWaitedForItsClientCountsAsOneThatWorked) {
  refused(overload, now, 1s, 51ms);
  EXPECT_EQ(refused(overload, now, 1ms, 51ms, 1h), 1);
  EXPECT_EQ(refused(overload, now, 10ms, 51ms, refusal), 10);
}

TEST_F(OverloadTest, KeepsTheWorkerBusyWhileItRefuses) {
  refused(overload, now, 1001ms, 51ms);
  EXPECT_EQ(refused(overload, now, 100ms, 500us), 0);
  EXPECT_EQ(refused(overload, now, 160ms, 501us), 160);
}

TEST_F(OverloadTest, EndsWhenNothingHadToBeRefusedForASecond) {
  refused(overload, now, 1100ms, 51ms);
  EXPECT_EQ(refused(overload, now, 900ms, 400us), 0);
  EXPECT_EQ(refused(overload, now, 10ms, 600us), 10);  // it had not ended
  EXPECT_EQ(refused(overload, now, 1010ms, 400us), 0);
  EXPECT_EQ(refused(overload, now, 1s, 51ms), 0);      // it had: the next second is a burst again
  EXPECT_EQ(refused(overload, now, 10ms, 51ms), 10);
}

TEST_F(OverloadTest, ALullIsNoOverload) {
  refused(overload, now, 10ms, 51ms);
  now += 1h;
  EXPECT_FALSE(overload.must_refuse(0ms, most, now));
  EXPECT_EQ(refused(overload, now, 999ms, 51ms), 0);
}

}  // namespace
}  // namespace tollgate::server
