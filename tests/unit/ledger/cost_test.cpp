// What the ledger costs. The numbers are printed; the bounds are wide enough for slow machines.
#include "ledger/ledger.hpp"
#include "ledger_fixture.hpp"

#include <cstdlib>

namespace tollgate::ledger {
namespace {

using namespace std::chrono_literals;

constexpr auto keep = std::chrono::hours(24 * 365 * 100);

// TOLLGATE_LEDGER_ROWS=1000000 measures at full size.
int rows_wanted() {
  const char* asked = std::getenv("TOLLGATE_LEDGER_ROWS");
  return asked ? std::atoi(asked) : 100'000;
}

double ms_since(TimePoint began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

TEST_F(LedgerTest, CostsLittleToAppend) {
  config_.flush = 50ms;
  Ledger ledger(config_);
  Lane& lane = ledger.add_lane();
  std::vector<Delta> deltas;
  for (int i = 0; i < 4; ++i) deltas.push_back({ledger.meter("m" + std::to_string(i), keep), 0, 10});
  constexpr int rounds = 40, charges = 5'000;
  std::vector<std::string> sessions;
  for (int i = 0; i < charges; ++i) sessions.push_back("session-" + std::to_string(i));
  for (const bool is_one_caller : {true, false}) {
    Charge c = charge();
    double best = 1e9, sum = 0;
    for (int round = 0; round < rounds; ++round) {
      auto began = Clock::now();
      for (const std::string& session : sessions) {
        if (!is_one_caller) c.session = session;
        lane.append(c, deltas);
      }
      double ns = ms_since(began) * 1e6 / charges;
      best = std::min(best, ns);
      sum += ns;
      std::this_thread::sleep_for(5ms);
    }
    std::printf("append with 4 deltas, %s: best %.0f ns, mean %.0f ns\n",
                is_one_caller ? "one caller" : "each of another session", best, sum / rounds);
    EXPECT_LT(best, 5'000);
  }
}

TEST_F(LedgerTest, RestoresQuicklyWithManyRecords) {
  const int rows = rows_wanted(), meters = rows / 100;
  config_.flush = 50ms;
  auto began = Clock::now();
  Numbers numbers;
  {
    Ledger ledger(config_);
    Lane& lane = ledger.add_lane();
    std::vector<MeterId> ids;
    for (int i = 0; i < meters; ++i)
      ids.push_back(ledger.meter("standard.tokens/day|subscription=s" + std::to_string(i), keep));
    for (int i = 0; i < rows; ++i) {
      std::string subscription = "subscription-" + std::to_string(i % 500);
      Charge c = charge(subscription);
      c.at = noon(i / 500);
      Ticket ticket =
          lane.append(c, std::vector<Delta>{{ids[static_cast<std::size_t>(i % meters)], 0, 1}});
      if (i % 10'000 != 9'999) continue;
      ASSERT_TRUE(is_written(ledger, ticket));
    }
    numbers = ledger.numbers();
  }
  std::printf("%d usage rows in %.0f ms, %llu commits, longest %.1f ms; file %.1f MB\n", rows,
              ms_since(began), static_cast<unsigned long long>(numbers.commits),
              static_cast<double>(numbers.commit_max.count()) / 1e6,
              static_cast<double>(std::filesystem::file_size(path())) / 1e6);
  began = Clock::now();
  Ledger ledger(config_);
  double ms = ms_since(began);
  std::printf("restored %d meters beside %d usage rows in %.1f ms\n", meters, rows, ms);
  EXPECT_EQ(ledger.numbers().restored_meters, static_cast<std::uint64_t>(meters));
  EXPECT_LT(ms, std::max(100.0, 1'000.0 * rows / 1'000'000));
  began = Clock::now();
  EXPECT_EQ(total(path()).requests, rows);
  std::printf("total of all rows in %.0f ms\n", ms_since(began));
}

TEST_F(LedgerTest, CommitsManyTimesASecondWhenStrict) {
  config_.is_strict = true;
  Ledger ledger(config_);
  Lane& lane = ledger.add_lane();
  auto began = Clock::now();
  while (ms_since(began) < 500) {
    ASSERT_TRUE(is_written(ledger, lane.append(charge(), {})));
  }
  Numbers numbers = ledger.numbers();
  std::printf("strict, one at a time: %.0f commits a second, mean %.2f ms, longest %.1f ms\n",
              static_cast<double>(numbers.commits) * 1'000 / ms_since(began),
              static_cast<double>(numbers.commit_sum.count()) / 1e6 / static_cast<double>(numbers.commits),
              static_cast<double>(numbers.commit_max.count()) / 1e6);
  EXPECT_GT(numbers.commits, 5u);
}

}  // namespace
}  // namespace tollgate::ledger
