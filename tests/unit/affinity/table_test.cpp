#include "affinity/table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::affinity {
namespace {

constexpr Seconds now = 1'000'000;

Entry entry(int number, OwnerId owner = 1, Seconds expires = now + 100) {
  return {key_of("resp_" + std::to_string(number)), owner, expires};
}

TEST(ObjectKey, IsTheBeginningOfTheHash) {
  // printf %s resp_1 | sha256sum
  EXPECT_EQ(to_text(key_of("abc")), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_NE(key_of("resp_1"), key_of("resp_2"));
}

TEST(Table, FindsWhatWasPutAndNotWhatHasExpired) {
  Table table(1'000);
  EXPECT_FALSE(table.find(key_of("resp_1"), now));
  EXPECT_TRUE(table.put(entry(1, 7), now, false).is_changed);
  ASSERT_TRUE(table.find(key_of("resp_1"), now));
  EXPECT_EQ(table.find(key_of("resp_1"), now)->owner, 7u);
  EXPECT_FALSE(table.find(key_of("resp_1"), now + 100));
  EXPECT_FALSE(table.find(key_of("resp_2"), now));
  EXPECT_EQ(table.size(), 1u);
}

TEST(Table, KeepsTheFirstOwnerUnlessToldOtherwise) {
  Table table(1'000);
  table.put(entry(1, 7), now, false);
  EXPECT_FALSE(table.put(entry(1, 8), now, false).is_changed);
  EXPECT_EQ(table.find(key_of("resp_1"), now)->owner, 7u);
  EXPECT_TRUE(table.put(entry(1, 8), now, true).is_changed);
  EXPECT_EQ(table.find(key_of("resp_1"), now)->owner, 8u);
  // One that has expired is nobody's.
  EXPECT_TRUE(table.put(entry(1, 9, now + 900), now + 100, false).is_changed);
  EXPECT_EQ(table.find(key_of("resp_1"), now + 100)->owner, 9u);
  EXPECT_EQ(table.size(), 1u);
}

TEST(Table, SaysWhetherAnythingHasChanged) {
  Table table(1'000);
  table.put(entry(1), now, false);
  EXPECT_FALSE(table.put(entry(1), now, true).is_changed);
  EXPECT_TRUE(table.put(entry(1, 1, now + 200), now, false).is_changed);
}

TEST(Table, MakesRoomByForgettingWhatExpiresFirst) {
  constexpr std::size_t most = 6'400;
  Table table(most);
  std::size_t evicted = 0, evicted_old = 0;
  std::map<std::string, int> numbers;
  for (int i = 0; i < 20'000; ++i) {
    numbers[to_text(key_of("resp_" + std::to_string(i)))] = i;
    const auto changed = table.put(entry(i, 1, now + 1 + static_cast<Seconds>(i)), now, false);
    if (!changed.evicted) continue;
    ++evicted;
    evicted_old += numbers[to_text(*changed.evicted)] < i - 3'000;
    EXPECT_FALSE(table.find(*changed.evicted, now));
  }
  EXPECT_LE(table.size(), most);
  EXPECT_EQ(table.size() + evicted, 20'000u);
  EXPECT_GT(evicted_old, evicted * 9 / 10);  // the youngest half stays, give or take a few
  EXPECT_TRUE(table.find(key_of("resp_19999"), now));
}

// Against a plain map, with keys that meet in few slots because most of them come and go.
TEST(Table, BehavesLikeAMap) {
  std::mt19937 random(7);
  Table table(64 * 40);
  std::map<int, OwnerId> model;
  for (int step = 0; step < 60'000; ++step) {
    const int number = static_cast<int>(random() % 1'200);
    if (random() % 3 == 0) {
      EXPECT_EQ(table.erase(key_of("resp_" + std::to_string(number))), model.erase(number) == 1);
    } else {
      const auto owner = static_cast<OwnerId>(random() % 5);
      table.put(entry(number, owner), now, true);
      model[number] = owner;
    }
  }
  EXPECT_EQ(table.size(), model.size());
  for (int number = 0; number < 1'200; ++number) {
    const auto found = table.find(key_of("resp_" + std::to_string(number)), now);
    const auto expected = model.find(number);
    ASSERT_EQ(found.has_value(), expected != model.end()) << number;
    if (found) {
      EXPECT_EQ(found->owner, expected->second);
    }
  }
}

TEST(Table, TakesChangesFromManyThreads) {
  Table table(100'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&table, t] {
      for (int i = 0; i < 2'000; ++i) {
        table.put(entry(t * 10'000 + i, static_cast<OwnerId>(t)), now, false);
        EXPECT_TRUE(table.find(key_of("resp_" + std::to_string(t * 10'000 + i)), now));
        if (i % 2 == 0) table.erase(key_of("resp_" + std::to_string(t * 10'000 + i)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(table.size(), 4'000u);
}

}  // namespace
}  // namespace tollgate::affinity
