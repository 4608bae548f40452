#include "net/refusal_gate.hpp"

#include <gtest/gtest.h>

namespace tollgate::net {
namespace {

using namespace std::chrono_literals;

TEST(RefusalGate, TellsAKindOnceAMinuteAndHowManyWereNotTold) {
  RefusalGate gate;
  TimePoint now{1h};
  EXPECT_EQ(gate.pass("a", now), 0u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(gate.pass("a", now + 59s), std::nullopt);
  EXPECT_EQ(gate.pass("b", now + 59s), 0u);
  EXPECT_EQ(gate.pass("a", now + 60s), 500u);
  EXPECT_EQ(gate.pass("a", now + 120s), 0u);
}

TEST(RefusalGate, TellsSoManyOfAllKindsInAMinute) {
  RefusalGate gate;
  TimePoint now{1h};
  int told = 0;
  for (int i = 0; i < 500; ++i) told += gate.pass("kind " + std::to_string(i), now).has_value();
  EXPECT_EQ(told, RefusalGate::most_in_that_time);
  EXPECT_EQ(gate.pass("kind 499", now + 60s), 1u);
}

TEST(RefusalGate, RemembersABoundedNumberOfKinds) {
  RefusalGate gate;
  TimePoint now{1h};
  for (std::size_t i = 0; i < 3 * RefusalGate::most_kinds; ++i) gate.pass("kind " + std::to_string(i), now);
  EXPECT_EQ(gate.pass("one more", now + 1s), std::nullopt);
  EXPECT_EQ(gate.pass("one more", now + 61s), 1u);
}

}  // namespace
}  // namespace tollgate::net
