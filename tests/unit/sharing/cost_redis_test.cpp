// What sharing costs: printed, and held to bounds that only a blunder exceeds.
#include "sharing/shared_pots.hpp"

#include "in_loop.hpp"
#include "redis_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace tollgate::sharing {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int slower = 20;
#else
constexpr int slower = 1;
#endif

// Three limits, as a product with requests, tokens and money has.
struct Asks {
  std::vector<Ask> all;
  explicit Asks(std::int64_t limit) {
    for (const auto* key : {"product/requests/minute", "product/tokens/minute", "team/money/month"}) {
      Ask ask;
      ask.key = key;
      ask.kind = all.size() < 2 ? PotKind::sliding : PotKind::fixed;
      ask.window_ms = all.size() < 2 ? 60'000 : 0;
      ask.limit = limit;
      ask.amount = 1;
      all.push_back(ask);
    }
  }
};

double us(Duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

struct CostTest : testing::Test {
  RedisServer server;
};

TEST_F(CostTest, ADecisionFromLeasesTakesLessThanAMicrosecond) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config(SharingMode::leased);
    config.lease_percent = 20;
    SharedPots pots(loop, everywhere(), config, "one");
    Asks asks(1'000'000'000);
    (void)co_await pots.reserve(asks.all, 0);
    const int count = 200'000 / slower;
    const auto start = Clock::now();
    int granted = 0;
    for (int i = 0; i < count; ++i) {
      awaitable<Verdict> work = pots.reserve(asks.all, 0);
      const Verdict verdict = co_await std::move(work);
      granted += verdict.is_granted;
    }
    const double ns = us(Clock::now() - start) * 1'000 / count;
    std::printf("leased: %.0f ns a decision over 3 limits\n", ns);
    EXPECT_EQ(granted, count);
    EXPECT_EQ(pots.numbers().round_trips.get(), 1);
    EXPECT_LT(ns, 1'000 * slower);
  });
}

TEST_F(CostTest, AnExactReservationIsOneRoundTrip) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Asks asks(1'000'000'000);
    (void)co_await pots.reserve(asks.all, 0);
    const int count = 5'000 / slower;
    std::vector<double> took;
    for (int i = 0; i < count; ++i) {
      const auto start = Clock::now();
      (void)co_await pots.reserve(asks.all, 0);
      took.push_back(us(Clock::now() - start));
    }
    std::sort(took.begin(), took.end());
    std::printf("exact: p50 %.0f us, p99 %.0f us over 3 limits\n", took[took.size() / 2],
                took[took.size() * 99 / 100]);
    EXPECT_EQ(pots.numbers().round_trips.get(), count + 1);
    EXPECT_LT(took[took.size() / 2], 2'000 * slower);
  });
}

TEST_F(CostTest, ManyReservationsShareOneConnection) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config();
    config.timeout = 5s;
    SharedPots pots(loop, everywhere(), config, "one");
    Asks first(1'000'000'000);
    (void)co_await pots.reserve(first.all, 0);
    const int each = 200 / slower;
    int granted = 0;
    const auto story = [&]() -> awaitable<void> {
      Asks asks(1'000'000'000);
      for (int i = 0; i < each; ++i) {
        const Verdict verdict = co_await pots.reserve(asks.all, 0);
        granted += verdict.is_granted;
      }
    };
    Tasks tasks;
    const auto start = Clock::now();
    for (int i = 0; i < 100; ++i) tasks.start(story());
    co_await finished(loop, tasks);
    const double seconds = us(Clock::now() - start) / 1e6;
    std::printf("exact: %.0f reservations a second over 3 limits, 100 at a time on one connection\n",
                granted / seconds);
    EXPECT_EQ(granted, 100 * each);
  });
}

}  // namespace
}  // namespace tollgate::sharing
