// The parts without a file: entries, meters, what waits.
#include "ledger/entry.hpp"
#include "ledger/lane.hpp"
#include "ledger/meters.hpp"
#include "ledger/pending.hpp"
#include "ledger/wakeup.hpp"
#include "ledger_fixture.hpp"

#include <array>
#include <map>

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

TEST_F(Parts, ALaneAddsUpWhatDiffersInItsAmountsAlone) {
  Wakeup wakeup;
  Lane lane(0, 1 << 20, wakeup, true);
  Lane::Taken taken;
  for (std::uint64_t batch = 1; batch <= 2; ++batch) {
    for (int i = 0; i < 10'000; ++i) {
      Charge c = charge(i % 2 ? "a" : "b");
      c.usage.prompt_tokens = i;
      lane.append(c, std::vector<Delta>{{1, 60'000, i}, {2, 0, -1}});
    }
    lane.take(taken, batch + 1);
    std::span<const char> rest = taken.entries;
    for (const char* name : {"b", "a"}) {
      ASSERT_FALSE(rest.empty());
      const Entry entry = read_entry(rest);
      EXPECT_EQ(read_series(entry.series).texts[0], name);
      EXPECT_EQ(entry.charges, 5'000u);
      EXPECT_EQ(entry.sums.requests, 5'000);
      const int prompts = name[0] == 'b' ? 24'995'000 : 25'000'000;
      EXPECT_EQ(entry.sums.prompt, prompts);
      ASSERT_EQ(entry.deltas.size(), 2u);
      EXPECT_EQ(entry.deltas[0].amount, prompts);
      EXPECT_EQ(entry.deltas[1].amount, -5'000);
    }
    EXPECT_TRUE(rest.empty());
    taken.entries.clear();
  }
}

TEST_F(Parts, ALaneKeepsApartWhatDiffersInMore) {
  Wakeup wakeup;
  Lane lane(0, 1 << 20, wakeup, true);
  const std::vector<Delta> deltas{{1, 0, 1}};
  Charge other_minute = charge(), other_kind = charge(), batch = charge(), other_text = charge();
  Charge shifted = charge(), shifted_back = charge();
  other_minute.at = noon(1);
  other_kind.kind = DeploymentKind::ptu;
  batch.is_batch = true;
  other_text.region = "swedencentra1";
  shifted.user = "ab";
  shifted.session = "c";
  shifted_back.user = "a";
  shifted_back.session = "bc";
  for (int round = 0; round < 3; ++round) {
    for (const Charge& c : {charge(), other_minute, other_kind, batch, other_text, shifted, shifted_back})
      lane.append(c, deltas);
    lane.append(charge(), std::vector<Delta>{{1, 60'000, 1}});
    lane.append(charge(), std::vector<Delta>{{2, 0, 1}});
    lane.append(charge(), std::vector<Delta>{{1, 0, 1}, {1, 60'000, 1}});
    lane.append(charge(), {});
  }
  const auto opened = lane.open(charge(), deltas);
  lane.append(charge(), deltas, opened.intent);
  lane.append(charge(), deltas, lane.open(charge(), deltas).intent);
  Lane::Taken taken;
  lane.take(taken, 2);
  std::map<std::string, std::uint32_t> charges;
  int of_intents = 0;
  for (std::span<const char> rest = taken.entries; !rest.empty();) {
    const Entry entry = read_entry(rest);
    if (entry.intent != 0) {
      ++of_intents;
      continue;
    }
    std::string what = std::string(entry.series) + " " + std::to_string(entry.minute);
    for (const Delta& delta : entry.deltas)
      what += " " + std::to_string(delta.meter) + "@" + std::to_string(delta.slot_ms);
    charges[what] += entry.charges;
  }
  EXPECT_EQ(of_intents, 4);
  EXPECT_EQ(charges.size(), 11u);
  for (const auto& [what, count] : charges) EXPECT_EQ(count, 3u) << what;
}

// More series than a lane remembers, and more than it has room for.
TEST_F(Parts, ALaneLosesNothingWhateverItAddsUp) {
  Wakeup wakeup;
  constexpr std::size_t bound = 100'000;
  Lane lane(0, bound, wakeup, true);
  std::uint64_t state = 1;
  std::int64_t requests = 0;
  std::array<std::int64_t, 3> metered{};
  for (int i = 0; i < 50'000; ++i) {
    state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    const std::uint64_t dice = (state >> 33) % 1'000;
    const std::string session = std::to_string(dice);
    Charge c = charge();
    c.session = session;
    c.usage.prompt_tokens = static_cast<std::int64_t>(dice);
    const auto meter = static_cast<MeterId>(dice % metered.size());
    lane.append(c, std::vector<Delta>{{meter, 0, 1}});
    ++metered[meter];
    ++requests;
  }
  Lane::Taken taken;
  lane.take(taken, 2);
  EXPECT_LE(taken.entries.size(), bound + 1'000);
  EXPECT_GT(taken.dropped, 0u);
  Pending pending(16 << 20);
  pending.add(taken);
  Sums sums;
  for (const auto& [minute, series] : pending.usage()) {
    for (const auto& [key, row] : series) {
      EXPECT_EQ(row.sums.prompt, std::stoi(std::string(read_series(key).texts[4])) * row.sums.requests);
      sums += row.sums;
    }
  }
  EXPECT_EQ(sums.requests + static_cast<std::int64_t>(pending.dropped()), requests);
  for (std::size_t meter = 0; meter < metered.size(); ++meter)
    EXPECT_EQ(pending.slots().at({static_cast<MeterId>(meter), 0}), metered[meter]);
}

TEST_F(Parts, EachChargeThatIsDroppedIsCounted) {
  Wakeup wakeup;
  Lane lane(0, 1 << 20, wakeup, true);
  for (int minute = 0; minute < 100; ++minute) {
    for (int i = 0; i < 7; ++i) {
      Charge c = charge(i % 2 ? "a" : "b");
      c.at = noon(minute);
      c.requests = i == 0 ? 1 : 0;  // answers of a session
      lane.append(c, {});
    }
  }
  Lane::Taken taken;
  lane.take(taken, 2);
  Pending pending(3'000);
  pending.add(taken);
  std::uint64_t kept = 0;
  for (const auto& [minute, series] : pending.usage())
    for (const auto& [key, row] : series) kept += row.charges;
  EXPECT_GT(kept, 0u);
  EXPECT_GT(pending.dropped(), 500u);
  EXPECT_EQ(pending.dropped() + kept, 700u);
  pending.clear();
  Charge c = charge();
  for (int session = 0; session < 1'000; ++session) {  // more series than one minute has room for
    const std::string name = std::to_string(session);
    c.session = name;
    for (int i = 0; i < 3; ++i) lane.append(c, {});
  }
  const std::uint64_t before = pending.dropped();
  lane.take(taken, 3);
  pending.add(taken);
  kept = 0;
  for (const auto& [key, row] : pending.usage().begin()->second) kept += row.charges;
  EXPECT_EQ(pending.dropped() - before + kept, 3'000u);
}

TEST_F(Parts, ABufferThatHasGrownIsGivenBack) {
  Lane::Taken taken;
  while (taken.entries.size() < (5 << 20)) write_entry(taken.entries, Step::book, 0, charge(), {});
  Pending pending(1 << 20);
  pending.add(taken);
  EXPECT_EQ(taken.entries.capacity(), 0u);
}

}  // namespace
}  // namespace tollgate::ledger
