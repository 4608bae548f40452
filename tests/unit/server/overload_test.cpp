#include "server/overload.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tollgate::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration most = 50ms;

// One request every millisecond for `length`, each finding the worker behind by `waited`; how many are refused.
int refused(Overload& overload, TimePoint& now, Duration length, Duration waited) {
  int count = 0;
  for (const TimePoint end = now + length; now < end; now += 1ms) count += overload.must_refuse(waited, most, now);
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
  EXPECT_EQ(refused(overload, now, 160ms, 51ms), 20);  // one for seven that are served
}

TEST_F(OverloadTest, KeepsTheWorkerBusyWhileItRefuses) {
  refused(overload, now, 1001ms, 51ms);
  EXPECT_EQ(refused(overload, now, 100ms, 500us), 0);
  EXPECT_EQ(refused(overload, now, 160ms, 501us), 20);
}

TEST_F(OverloadTest, EndsWhenNothingHadToBeRefusedForASecond) {
  refused(overload, now, 1100ms, 51ms);
  EXPECT_EQ(refused(overload, now, 900ms, 400us), 0);
  EXPECT_EQ(refused(overload, now, 10ms, 600us), 2);  // it had not ended
  EXPECT_EQ(refused(overload, now, 1010ms, 400us), 0);
  EXPECT_EQ(refused(overload, now, 1s, 51ms), 0);      // it had: the next second is a burst again
  EXPECT_EQ(refused(overload, now, 10ms, 51ms), 2);
}

TEST_F(OverloadTest, ALullIsNoOverload) {
  refused(overload, now, 10ms, 51ms);
  now += 1h;
  EXPECT_FALSE(overload.must_refuse(0ms, most, now));
  EXPECT_EQ(refused(overload, now, 999ms, 51ms), 0);
}

}  // namespace
}  // namespace tollgate::server
