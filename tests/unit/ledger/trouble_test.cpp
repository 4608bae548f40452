// The file that cannot be written, cannot be read, or is somebody else's.
#include "ledger/ledger.hpp"
#include "sqlite/sqlite.hpp"
#include "ledger_fixture.hpp"

#include <sys/resource.h>

#include <csignal>
#include <fstream>

namespace tollgate::ledger::trouble_test {

using sqlite::Database;

namespace {

using namespace std::chrono_literals;

constexpr auto keep = std::chrono::hours(24 * 365 * 100);

// As if the disk had no more room: no file of this process may grow beyond `bytes`.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

Options quick() {
  Options options;
  options.first_retry = 5ms;
  options.longest_retry = 20ms;
  return options;
}

TEST_F(LedgerTest, AFullDiskIsAStateAndNothingIsLost) {
  std::uint64_t failed = 0;
  {
    Ledger ledger(config_, quick());
    Lane& lane = ledger.add_lane();
    MeterId meter = ledger.meter("m", keep);
    lane.append(charge(), std::vector<Delta>{{meter, 0, 1}});
    ASSERT_TRUE(eventually([&] { return ledger.numbers().commits == 1; }));
    {
      FullDisk full(4'096);
      Ticket ticket = lane.append(charge(), std::vector<Delta>{{meter, 0, 10}});
      ASSERT_TRUE(eventually([&] { return ledger.state().is_failing; }));
      EXPECT_FALSE(ledger.state().reason.empty());
      EXPECT_EQ(ledger.when_durable(ticket, nullptr, nullptr), Durability::failing);
      for (int i = 0; i < 1'000; ++i) lane.append(charge(), std::vector<Delta>{{meter, 0, 100}});
      ASSERT_TRUE(eventually([&] { return ledger.numbers().failed_writes >= 3; }));
      EXPECT_GT(ledger.numbers().pending_bytes, 0u);
    }
    failed = ledger.numbers().failed_writes;
    ASSERT_TRUE(eventually([&] { return !ledger.state().is_failing; })) << ledger.state().reason;
    EXPECT_EQ(ledger.numbers().dropped, 0u);
  }
  EXPECT_GE(failed, 3u);
  Ledger ledger(config_);
  EXPECT_EQ(ledger.restored("m"), (std::vector<SlotUse>{{0, 100'011}}));
  EXPECT_EQ(total(path()).requests, 1'002);
}

TEST_F(LedgerTest, WhatWaitsIsBoundedAndMetersAreNeverDropped) {
  Options options = quick();
  options.pending_bytes = 64 * 1024;
  options.lane_bytes = 256 * 1024;
  std::uint64_t dropped = 0;
  constexpr int charges = 20'000;
  {
    Ledger ledger(config_, options);
    Lane& lane = ledger.add_lane();
    MeterId meter = ledger.meter("m", keep);
    {
      FullDisk full(4'096);
      for (int i = 0; i < charges; ++i) {
        std::string session = "s" + std::to_string(i);
        Charge c = charge();
        c.at = noon(i / 100);
        c.session = session;
        lane.append(c, std::vector<Delta>{{meter, 0, 1}});
      }
      ASSERT_TRUE(eventually([&] {
        return ledger.state().is_failing && ledger.numbers().dropped > 0;
      }));
      EXPECT_LT(ledger.numbers().pending_bytes, 80u * 1024);
    }
    ASSERT_TRUE(eventually([&] { return !ledger.state().is_failing; }));
    ASSERT_TRUE(is_written(ledger, lane.append(charge(), std::vector<Delta>{{meter, 0, 1}})));
    dropped = ledger.numbers().dropped;
  }
  Ledger ledger(config_);
  EXPECT_EQ(ledger.restored("m"), (std::vector<SlotUse>{{0, charges + 1}}));
  EXPECT_EQ(total(path()).requests + static_cast<std::int64_t>(dropped), charges + 1);
}

TEST_F(LedgerTest, MovesADamagedFileAsideAndBeginsAFreshOne) {
  std::ofstream(path()) << "this has never been a data base, but it is long enough to be read as one, "
                        << std::string(8'192, '?');
  Ledger ledger(config_);
  EXPECT_FALSE(ledger.state().is_failing);
  EXPECT_NE(ledger.state().notice.find(".corrupt-"), std::string::npos) << ledger.state().notice;
  ledger.add_lane().append(charge(), {});
  ASSERT_TRUE(eventually([&] { return ledger.numbers().commits == 1; }));
  int aside = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder_))
    aside += file.path().string().find(".corrupt-") != std::string::npos;
  EXPECT_EQ(aside, 1);
}

TEST_F(LedgerTest, SavesTheMetersOfAFileWhoseUsageIsDamaged) {
  {
    Ledger ledger(config_);
    Lane& lane = ledger.add_lane();
    for (int i = 0; i < 3'000; ++i) {
      std::string session = "session-with-a-long-name-" + std::to_string(i);
      Charge c = charge();
      c.session = session;
      lane.append(c, std::vector<Delta>{{ledger.meter("m" + std::to_string(i % 20), keep), 0, 1}});
    }
  }
  {  // The root page of `usage` is overwritten.
    Database db(path(), Database::Mode::read);
    auto page = db.number("SELECT rootpage FROM sqlite_master WHERE name = 'usage'");
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * 4'096);
    file << std::string(4'096, '\x5a');
  }
  Ledger ledger(config_, quick());
  EXPECT_EQ(ledger.restored("m7"), (std::vector<SlotUse>{{0, 150}}));
  Lane& lane = ledger.add_lane();
  lane.append(charge(), std::vector<Delta>{{ledger.meter("m7", keep), 0, 1}});
  ASSERT_TRUE(eventually([&] { return ledger.numbers().commits == 1; })) << ledger.state().reason;
  EXPECT_FALSE(ledger.state().is_failing);
  EXPECT_NE(ledger.state().notice.find("20 meters could be saved"), std::string::npos)
      << ledger.state().notice;
  EXPECT_EQ(total(path()).requests, 1);
  for (const MeterRow& row : Report(path()).meters(0))
    EXPECT_EQ(row.used, row.key == "m7" ? 151 : 150) << row.key;
}

TEST_F(LedgerTest, RefusesAFileThatAnotherGatewayWrites) {
  Ledger first(config_);
  try {
    Ledger second(config_);
    FAIL() << "two writers on one file";
  } catch (const Refused& refusal) {
    std::string text = refusal.what();
    EXPECT_NE(text.find("in use by another gateway (process " + std::to_string(::getpid()) + ")"),
              std::string::npos) << text;
    EXPECT_NE(text.find("ledger.path"), std::string::npos) << text;
  }
}

TEST_F(LedgerTest, RefusesAFileOfANewerVersion) {
  { Ledger ledger(config_); }
  Database(path(), Database::Mode::write).run("PRAGMA user_version = 9");
  try {
    Ledger ledger(config_);
    FAIL() << "opened a newer file";
  } catch (const Refused& refusal) {
    EXPECT_NE(std::string(refusal.what()).find("newer Tollgate (format 9"), std::string::npos);
  }
}

TEST_F(LedgerTest, RefusesADatabaseThatIsNotALedger) {
  Database(path(), Database::Mode::write).run("CREATE TABLE accounts (id INTEGER)");
  EXPECT_THROW(Ledger ledger(config_), Refused);
}

TEST_F(LedgerTest, AFolderThatIsMissingIsAStateUntilItIsThere) {
  config_.path = path("later/ledger.db");
  Ledger ledger(config_, quick());
  EXPECT_TRUE(ledger.state().is_failing);
  EXPECT_NE(ledger.state().reason.find("later"), std::string::npos) << ledger.state().reason;
  EXPECT_EQ(ledger.numbers().restores, 0u);
  ledger.add_lane().append(charge(), {});
  std::filesystem::create_directory(path("later"));
  ASSERT_TRUE(eventually([&] { return !ledger.state().is_failing && ledger.numbers().commits == 1; }));
  EXPECT_EQ(ledger.numbers().restores, 1u);
  EXPECT_EQ(total(config_.path).requests, 1);
}

TEST_F(LedgerTest, NoticesThatItsFileWasRemoved) {
  Ledger ledger(config_, quick());
  Lane& lane = ledger.add_lane();
  lane.append(charge(), {});
  ASSERT_TRUE(eventually([&] { return ledger.numbers().commits == 1; }));
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path() + end);
  lane.append(charge(), {});
  ASSERT_TRUE(eventually([&] { return ledger.numbers().commits == 2; }));
  EXPECT_EQ(ledger.numbers().failed_writes, 1u);
  EXPECT_EQ(total(path()).requests, 1);
}

TEST_F(LedgerTest, IntentsThatAreUnderWayAreNotBookedWhenTheFileIsOpenedAnew) {
  config_.is_strict = true;
  Ledger ledger(config_, quick());
  Lane& lane = ledger.add_lane();
  MeterId meter = ledger.meter("m", keep);
  auto opened = lane.open(charge("reserved"), std::vector<Delta>{{meter, 0, 500}});
  ASSERT_TRUE(is_written(ledger, opened.ticket));
  // Another inode with the same content.
  Database(path(), Database::Mode::read).run(("VACUUM INTO '" + path("copy") + "'").c_str());
  for (const char* end : {"-wal", "-shm"}) std::filesystem::remove(path() + end);
  std::filesystem::rename(path("copy"), path());
  is_written(ledger, lane.append(charge(), std::vector<Delta>{{meter, 0, 7}}, opened.intent));
  ASSERT_TRUE(eventually([&] { return !ledger.state().is_failing && ledger.numbers().commits == 2; }));
  EXPECT_EQ(ledger.numbers().failed_writes, 1u);
  EXPECT_EQ(total(path(), {{"subscription", "reserved"}}).requests, 0);
  ASSERT_EQ(Report(path()).meters(0).size(), 1u);
  EXPECT_EQ(Report(path()).meters(0)[0].used, 7);
}

TEST_F(LedgerTest, ALockOfAnotherProgramIsAStateThatPasses) {
  Ledger ledger(config_, quick());
  Lane& lane = ledger.add_lane();
  {
    Database other(path(), Database::Mode::write);
    other.run("BEGIN IMMEDIATE");
    lane.append(charge(), {});
    ASSERT_TRUE(eventually([&] { return ledger.state().is_failing; }));
    EXPECT_NE(ledger.state().reason.find("locked"), std::string::npos) << ledger.state().reason;
    other.run("ROLLBACK");
  }
  ASSERT_TRUE(eventually([&] { return !ledger.state().is_failing; }));
  EXPECT_EQ(total(path()).requests, 1);
}

}  // namespace
}  // namespace tollgate::ledger::trouble_test
