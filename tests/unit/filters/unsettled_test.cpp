#include "filters/unsettled.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::filters {
namespace {

std::unique_ptr<UnsettledAnswer> an_answer() {
  return std::make_unique<UnsettledAnswer>(ledger::Charge(), limits::Spent(), limits::Reservation());
}

TEST(Unsettled, GivesAnAnswerOutOnce) {
  Unsettled unsettled;
  const auto key = affinity::key_of("resp_1");
  EXPECT_EQ(unsettled.take(key), nullptr);
  unsettled.add(key, an_answer());
  std::atomic<int> taken{0};
  std::vector<std::thread> lookers;
  for (int i = 0; i < 8; ++i) {
    lookers.emplace_back([&] {
      if (unsettled.take(key)) ++taken;
    });
  }
  for (std::thread& looker : lookers) looker.join();
  EXPECT_EQ(taken, 1);
}

TEST(Unsettled, LetsTheOldestGoToMakeRoom) {
  Unsettled unsettled;
  const auto key = [](std::size_t i) { return affinity::key_of("resp_" + std::to_string(i)); };
  for (std::size_t i = 0; i <= Unsettled::most; ++i) unsettled.add(key(i), an_answer());
  EXPECT_EQ(unsettled.take(key(0)), nullptr);
  EXPECT_NE(unsettled.take(key(1)), nullptr);
  EXPECT_NE(unsettled.take(key(Unsettled::most)), nullptr);
}

}  // namespace
}  // namespace tollgate::filters
