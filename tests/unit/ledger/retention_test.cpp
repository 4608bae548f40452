#include "ledger/ledger.hpp"
#include "sqlite/sqlite.hpp"
#include "ledger_fixture.hpp"

#include <atomic>

namespace tollgate::ledger {

using sqlite::Database;

namespace {

using namespace std::chrono_literals;

class RetentionTest : public LedgerTest {
 protected:
  RetentionTest() {
    config_.retain = 48h;
    options_.idle_step = 1ms;
    options_.sweep = 1ms;
    options_.now = [this] { return now_.load(); };
  }

  std::int64_t count(const char* table) {
    return Database(path(), Database::Mode::read)
        .number(("SELECT count(*) FROM " + std::string(table)).c_str());
  }

  std::atomic<WallTime> now_{noon()};
  Options options_;
};

TEST_F(RetentionTest, DropsUsageThatIsOlderThanRetainAndItsNames) {
  Ledger ledger(config_, options_);
  Lane& lane = ledger.add_lane();
  Ticket last;
  for (int i = 0; i < 5'000; ++i) {
    std::string session = "session-" + std::to_string(i);
    Charge c = charge();
    c.session = session;
    last = lane.append(c, {});
  }
  ASSERT_TRUE(is_written(ledger, last));
  EXPECT_EQ(total(path()).requests, 5'000);

  now_ = noon() + 49h;
  Charge late = charge();
  late.at = now_.load();
  lane.append(late, {});
  ASSERT_TRUE(eventually([&] { return count("usage") == 1; }));
  EXPECT_EQ(total(path()).requests, 1);
  now_ = noon() + 72h;  // names go by the day
  ASSERT_TRUE(eventually([&] { return count("series") == 1 && count("names") < 20; }));

  lane.append(late, {});
  ASSERT_TRUE(eventually([&] { return total(path()).requests == 2; })) << "names are written anew";
}

TEST_F(RetentionTest, DropsSlotsWhenTheirKeepHasPassed) {
  Ledger ledger(config_, options_);
  Lane& lane = ledger.add_lane();
  const std::int64_t slot = std::chrono::duration_cast<std::chrono::milliseconds>(
                                noon().time_since_epoch()).count();
  MeterId minute = ledger.meter("minute", 1min);
  MeterId month = ledger.meter("month", 31 * 24h);
  MeterId life = ledger.meter("life", std::chrono::milliseconds::max());
  lane.append(charge(), std::vector<Delta>{{minute, slot, 1}, {month, slot, 1}, {life, slot, 1}});
  ASSERT_TRUE(eventually([&] { return count("slots") == 3; }));
  now_ = noon() + 59s;
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(count("slots"), 3);
  now_ = noon() + 61s;
  ASSERT_TRUE(eventually([&] { return count("slots") == 2 && count("meters") == 2; }));
  lane.append(charge(), std::vector<Delta>{{minute, slot + 61'000, 4}});
  ASSERT_TRUE(eventually([&] { return count("slots") == 3; })) << "the meter is written anew";
  now_ = noon() + 32 * 24h;
  ASSERT_TRUE(eventually([&] { return count("slots") == 1; }));
}

TEST_F(RetentionTest, WhatHasExpiredIsNotRestored) {
  {
    Ledger ledger(config_, options_);
    Lane& lane = ledger.add_lane();
    MeterId meter = ledger.meter("m", 1min);
    lane.append(charge(), std::vector<Delta>{{meter, 0, 1}});
  }
  now_ = noon() + 1h;
  Ledger ledger(config_, options_);
  EXPECT_TRUE(ledger.restored("m").empty());
}

TEST_F(RetentionTest, TheFileShrinksAgainAndTheLogStaysSmall) {
  Ledger ledger(config_, options_);
  Lane& lane = ledger.add_lane();
  std::uint64_t largest_wal = 0;
  for (int i = 0; i < 80'000; ++i) {
    std::string session = "session-" + std::to_string(i);
    Charge c = charge();
    c.session = session;
    Ticket ticket = lane.append(c, {});
    if (i % 2'000 == 1'999) {
      ASSERT_TRUE(is_written(ledger, ticket));
      largest_wal = std::max(largest_wal, ledger.numbers().wal_bytes);
    }
  }
  EXPECT_EQ(count("usage"), 80'000);
  const auto largest = std::filesystem::file_size(path());
  EXPECT_GT(largest, 8u << 20);
  EXPECT_LT(largest_wal, 64u << 20);
  now_ = noon() + 100h;
  EXPECT_TRUE(eventually([&] { return std::filesystem::file_size(path()) < largest * 2 / 3; }))
      << std::filesystem::file_size(path()) << " of " << largest;
  EXPECT_TRUE(eventually([&] { return ledger.numbers().wal_bytes <= 20u << 20; }));
}

}  // namespace
}  // namespace tollgate::ledger
