#include "sharing/backoff.hpp"

#include <gtest/gtest.h>

namespace tollgate::sharing {
namespace {

TEST(Backoff, TheBoundDoublesFromFiftyMillisecondsToFiveSeconds) {
  Backoff backoff;
  for (const int bound : {50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000}) {
    // All ones modulo the bound says nothing; a number just below the bound is given as it is.
    EXPECT_EQ(backoff.next(static_cast<std::uint64_t>(bound - 1)).count(), bound - 1);
  }
}

TEST(Backoff, AnythingBelowTheBoundIsPossible) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(0).count(), 0);
  EXPECT_EQ(backoff.next(100).count(), 0);
  EXPECT_EQ(backoff.next(201).count(), 1);
}

TEST(Backoff, AGoodConnectionStartsItAnew) {
  Backoff backoff;
  for (int i = 0; i < 6; ++i) (void)backoff.next(1);
  backoff.reset();
  EXPECT_LT(backoff.next(4'999).count(), 50);
}

}  // namespace
}  // namespace tollgate::sharing
