#include "ledger/ledger.hpp"

#include "ledger_fixture.hpp"

#include <atomic>

namespace tollgate::ledger::ledger_test {
namespace {

using namespace std::chrono_literals;

constexpr auto keep = std::chrono::hours(24 * 365 * 100);

TEST_F(LedgerTest, RestoresMetersAndKeepsUsageOverARestart) {
  {
    Ledger ledger(config_);
    Lane& lane = ledger.add_lane();
    MeterId tokens = ledger.meter("standard.tokens/day|subscription=payments-web", keep);
    MeterId money = ledger.meter("standard.money/month|subscription=payments-web", keep);
    for (int i = 0; i < 3; ++i)
      lane.append(charge(), std::vector<Delta>{{tokens, 1'000, 120}, {money, 2'000, 450'000}});
    lane.append(charge(), std::vector<Delta>{{tokens, 5'000, -20}});
    EXPECT_TRUE(ledger.restored("standard.tokens/day|subscription=payments-web").empty());
  }
  Ledger ledger(config_);
  EXPECT_EQ(ledger.restored("standard.tokens/day|subscription=payments-web"),
            (std::vector<SlotUse>{{1'000, 360}, {5'000, -20}}));
  EXPECT_EQ(ledger.restored("standard.money/month|subscription=payments-web"),
            (std::vector<SlotUse>{{2'000, 1'350'000}}));
  EXPECT_TRUE(ledger.restored("unknown").empty());
  EXPECT_EQ(ledger.numbers().restored_meters, 2u);
  Sums all = total(path());
  EXPECT_EQ(all.requests, 4);
  EXPECT_EQ(all.prompt, 400);
  EXPECT_EQ(all.cost, 1'800'000);
  EXPECT_EQ(all.estimated, 0);
}

TEST_F(LedgerTest, AddsToWhatTheFileHolds) {
  for (int run = 1; run <= 3; ++run) {
    Ledger ledger(config_);
    MeterId meter = ledger.meter("m", keep);
    ledger.add_lane().append(charge(), std::vector<Delta>{{meter, 1'000, 5}});
  }
  Ledger ledger(config_);
  EXPECT_EQ(ledger.restored("m"), (std::vector<SlotUse>{{1'000, 15}}));
  EXPECT_EQ(total(path()).requests, 3);
}

TEST_F(LedgerTest, WritesWithinTheFlushIntervalWithoutBeingAsked) {
  Ledger ledger(config_);
  ledger.add_lane().append(charge(), {});
  EXPECT_TRUE(eventually([&] { return ledger.numbers().commits == 1; }));
  EXPECT_EQ(total(path()).requests, 1);
  EXPECT_EQ(ledger.numbers().appended, 1u);
  EXPECT_EQ(ledger.numbers().pending_bytes, 0u);
}

TEST_F(LedgerTest, AddsUpTheLanesOfManyThreads) {
  constexpr int threads = 4, charges = 5'000;
  {
    Ledger ledger(config_);
    MeterId meter = ledger.meter("m", keep);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&, t, &lane = ledger.add_lane()] {
        MeterId own = ledger.meter("m" + std::to_string(t), keep);
        for (int i = 0; i < charges; ++i)
          lane.append(charge(), std::vector<Delta>{{meter, i % 7, 1}, {own, 0, 2}});
      });
    for (auto& worker : workers) worker.join();
    EXPECT_EQ(ledger.numbers().appended, std::uint64_t{threads * charges});
  }
  Ledger ledger(config_);
  std::int64_t used = 0;
  for (const SlotUse& slot : ledger.restored("m")) used += slot.used;
  EXPECT_EQ(used, threads * charges);
  EXPECT_EQ(ledger.restored("m3"), (std::vector<SlotUse>{{0, 2 * charges}}));
  EXPECT_EQ(total(path()).requests, threads * charges);
}

TEST_F(LedgerTest, AForgottenMetersNumberServesAnotherOnlyWhenAllIsWritten) {
  Ledger ledger(config_);
  Lane& lane = ledger.add_lane();
  Ticket last;
  std::vector<MeterId> seen;
  for (int i = 0; i < 200; ++i) {
    MeterId meter = ledger.meter("session-" + std::to_string(i), keep);
    seen.push_back(meter);
    last = lane.append(charge(), std::vector<Delta>{{meter, 1'000, i + 1}});
    ledger.forget(meter);
    if (i % 50 == 49) {
      ASSERT_TRUE(eventually([&] { return ledger.numbers().meters == 0; }));
    }
  }
  EXPECT_LT(*std::max_element(seen.begin(), seen.end()), 199u) << "numbers are used again";
  ASSERT_TRUE(is_written(ledger, last));
  auto rows = Report(path()).meters(0);
  ASSERT_EQ(rows.size(), 200u);
  for (const MeterRow& row : rows)
    EXPECT_EQ(row.key, "session-" + std::to_string(row.used - 1));
}

TEST_F(LedgerTest, OffKeepsNothingAndCountsAll) {
  config_.path = "off";
  Ledger ledger(config_);
  Lane& lane = ledger.add_lane();
  MeterId meter = ledger.meter("m", keep);
  EXPECT_EQ(ledger.meter("m", keep), meter);
  Ticket ticket = lane.append(charge(), std::vector<Delta>{{meter, 0, 1}});
  EXPECT_EQ(ledger.when_durable(ticket, nullptr, nullptr), Durability::durable);
  auto opened = lane.open(charge(), {});
  EXPECT_EQ(ledger.when_durable(opened.ticket, nullptr, nullptr), Durability::durable);
  EXPECT_EQ(ledger.numbers().appended, 1u);
  EXPECT_FALSE(ledger.state().is_failing);
  EXPECT_FALSE(std::filesystem::exists("off"));
}

TEST_F(LedgerTest, CutsTextsThatAreTooLong) {
  {
    Ledger ledger(config_);
    Charge c = charge();
    std::string session(5'000, 's');
    c.session = session;
    ledger.add_lane().append(c, {});
  }
  EXPECT_EQ(total(path(), {{"session", std::string(max_text, 's')}}).requests, 1);
}

TEST_F(LedgerTest, BooksIntentsThatWereLeftOpenAtWhatWasReserved) {
  config_.is_strict = true;
  {
    Ledger ledger(config_);
    Lane& lane = ledger.add_lane();
    MeterId meter = ledger.meter("m", keep);
    const std::vector<Delta> deltas{{meter, 1'000, 500}};
    lane.open(charge("left-open"), deltas);
    auto closed = lane.open(charge("closed"), deltas);
    auto withdrawn = lane.open(charge("withdrawn"), deltas);
    ASSERT_TRUE(is_written(ledger, withdrawn.ticket));
    EXPECT_EQ(total(path()).requests, 0) << "an intent is not usage";
    lane.append(charge("closed"), std::vector<Delta>{{meter, 1'000, 7}}, closed.intent);
    lane.withdraw(withdrawn.intent);
    lane.withdraw(Intent{});
  }
  Ledger ledger(config_);
  EXPECT_EQ(ledger.numbers().booked_intents, 1u);
  EXPECT_EQ(ledger.restored("m"), (std::vector<SlotUse>{{1'000, 507}}));
  EXPECT_EQ(total(path(), {{"subscription", "left-open"}}).estimated, 1);
  EXPECT_EQ(total(path(), {{"subscription", "closed"}}).estimated, 0);
  EXPECT_EQ(total(path()).requests, 2);
}

TEST_F(LedgerTest, TellsWhenATicketIsDurable) {
  config_.is_strict = true;
  Ledger ledger(config_);
  Lane& lane = ledger.add_lane();
  for (int i = 1; i <= 50; ++i) {
    ASSERT_TRUE(is_written(ledger, lane.append(charge(), {})));
    ASSERT_EQ(total(path()).requests, i);
  }
}

TEST_F(LedgerTest, TellsNobodyWhoHasCancelled) {
  config_.flush = 200ms;
  Ledger ledger(config_);
  Ticket ticket = ledger.add_lane().append(charge(), {});
  std::atomic<bool> told{false};
  auto tell = [](void* context, Durability) { static_cast<std::atomic<bool>*>(context)->store(true); };
  if (ledger.when_durable(ticket, tell, &told) == Durability::pending) ledger.cancel(&told);
  ASSERT_TRUE(eventually([&] { return ledger.numbers().commits == 1; }));
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace tollgate::ledger::ledger_test
