// The parts without a file: entries, meters, what waits.
#include "ledger/entry.hpp"
#include "ledger/meters.hpp"
#include "ledger/pending.hpp"
#include "ledger_fixture.hpp"

namespace tollgate::ledger {
namespace {

using namespace std::chrono_literals;
using Parts = LedgerTest;

TEST_F(Parts, AnEntryIsReadAsItWasWritten) {
  std::vector<char> buffer;
  Charge c = charge();
  c.kind = DeploymentKind::ptu;
  c.is_batch = c.is_estimated = true;
  c.saved = 7;
  c.user = "u";
  write_entry(buffer, Step::book, 0, c, {});
  write_entry(buffer, Step::open, 42, charge("b"), std::vector<Delta>{{1, 2, 3}, {4, 5, -6}});
  std::span<const char> rest = buffer;
  Entry first = read_entry(rest);
  EXPECT_EQ(first.minute, 1'795'435'200 / 60);
  EXPECT_EQ(first.sums, (Sums{1, 100, 0, 20, 0, 1, 450'000, 7}));
  SeriesKey series = read_series(first.series);
  EXPECT_TRUE(series.is_ptu && series.is_batch);
  EXPECT_EQ(series.texts[0], "payments-web");
  EXPECT_EQ(series.texts[3], "u");
  EXPECT_EQ(series.texts[4], "");
  EXPECT_EQ(series.texts[10], "swedencentral");
  Entry second = read_entry(rest);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(second.step, Step::open);
  EXPECT_EQ(second.intent, 42u);
  ASSERT_EQ(second.deltas.size(), 2u);
  EXPECT_EQ(second.deltas[1].amount, -6);
}

TEST_F(Parts, TimesBeforeTheEpochFallIntoTheirMinute) {
  std::vector<char> buffer;
  Charge c = charge();
  c.at = WallTime(-1s);
  write_entry(buffer, Step::book, 0, c, {});
  std::span<const char> rest = buffer;
  EXPECT_EQ(read_entry(rest).minute, -1);
}

TEST_F(Parts, AMeterThatIsWantedAgainKeepsItsNumber) {
  Meters meters;
  MeterId a = meters.add("a", 1min);
  meters.forget(a, 5);
  EXPECT_EQ(meters.add("a", 2min), a);
  EXPECT_EQ(meters.get(a).keep, 2min);
  EXPECT_TRUE(meters.release(9).empty());
  meters.forget(a, 12);
  EXPECT_TRUE(meters.release(11).empty());
  EXPECT_EQ(meters.release(12), std::vector<MeterId>{a});
  EXPECT_EQ(meters.size(), 0u);
  EXPECT_EQ(meters.add("b", 1min), a);
  EXPECT_EQ(meters.get(a).key, "b");
}

TEST_F(Parts, TheLaterForgettingOfAMeterCounts) {
  Meters meters;
  MeterId a = meters.add("a", 1min);
  meters.forget(a, 5);
  meters.add("a", 1min);
  meters.forget(a, 8);
  EXPECT_TRUE(meters.release(5).empty());
  EXPECT_EQ(meters.release(8), std::vector<MeterId>{a});
  meters.forget(a, 9);
  EXPECT_TRUE(meters.release(9).empty());
}

TEST_F(Parts, TheOldestMinutesAreDroppedFirst) {
  Pending pending(20'000);
  Lane::Taken taken;
  for (int minute = 0; minute < 1'000; ++minute) {
    Charge c = charge();
    c.at = noon(minute);
    write_entry(taken.entries, Step::book, 0, c, std::vector<Delta>{{1, 0, 1}});
  }
  pending.add(taken);
  EXPECT_TRUE(taken.is_empty());
  EXPECT_EQ(pending.dropped() + pending.usage().size(), 1'000u);
  EXPECT_GT(pending.dropped(), 800u);
  EXPECT_EQ(pending.usage().rbegin()->first, 1'795'435'200 / 60 + 999);
  EXPECT_EQ(pending.slots().at({1, 0}), 1'000);
  pending.clear();
  EXPECT_TRUE(pending.is_empty());
  EXPECT_EQ(pending.bytes(), 0u);
}

TEST_F(Parts, AnIntentThatIsClosedBeforeItWasWrittenIsNotWritten) {
  Pending pending(1 << 20);
  Lane::Taken taken;
  write_entry(taken.entries, Step::open, 1, charge(), {});
  write_entry(taken.entries, Step::open, 2, charge(), {});
  write_entry(taken.entries, Step::book, 1, charge(), {});
  write_entry(taken.entries, Step::withdraw, 3, {}, {});
  pending.add(taken);
  EXPECT_EQ(pending.opened().size(), 1u);
  EXPECT_TRUE(pending.opened().contains(2));
  EXPECT_EQ(pending.closed(), std::vector<std::uint64_t>{3});
}

}  // namespace
}  // namespace tollgate::ledger
