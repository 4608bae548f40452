// Three gateway processes of two workers each race waves of 1,000 reservations for one pot.
#include "sharing/shared_pots.hpp"

#include "in_loop.hpp"
#include "redis_server.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace tollgate::sharing {
namespace {

using namespace std::chrono_literals;

constexpr int processes = 3;
constexpr int workers = 2;
constexpr int reservations = 1'000;  // a wave of them
constexpr int most_waves = 8;

struct Outcome {
  std::int64_t granted = 0;
  std::int64_t settled = 0;  // what the granted ones cost in the end: at most what they reserved
  std::int64_t refused = 0;
  std::int64_t unshared = 0;
  std::int64_t over_limit = 0;  // verdicts that told of a use above the limit
};

struct Race {
  SharingConfig config;
  PotKind kind;
  std::int64_t limit;
};

awaitable<void> request(net::Loop& loop, SharedPots& pots, const Race& race, std::mt19937& random,
                        Outcome& outcome) {
  co_await pause(loop, std::chrono::milliseconds(random() % 200));
  Ask ask;
  ask.key = "raced";
  ask.kind = race.kind;
  ask.window_ms = race.kind == PotKind::fixed ? 0 : 3'600'000;
  ask.limit = race.limit;
  ask.amount = 1 + static_cast<std::int64_t>(random() % 1'000);
  const auto part = static_cast<std::int64_t>(random() % static_cast<unsigned>(ask.amount + 1));
  const auto cost = race.kind == PotKind::held ? 0 : part;  // held: all is given back
  std::span<Ask> all(&ask, 1);
  const Verdict verdict = co_await pots.reserve(all, 0);
  outcome.unshared += verdict.is_unshared;
  outcome.over_limit += verdict.is_granted && ask.used_after > ask.limit;
  if (!verdict.is_granted) {
    ++outcome.refused;
    co_return;
  }
  ++outcome.granted;
  co_await pause(loop, std::chrono::milliseconds(random() % 50));
  outcome.settled += cost;
  pots.adjust(ask.key, ask.kind, slot_of(ask, verdict), ask.window_ms, cost - ask.amount);
}

Outcome work(const Race& race, unsigned seed) {
  Outcome outcome;
  std::mt19937 random(seed);
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), race.config, "racer" + std::to_string(seed));
    const int share = reservations / (processes * workers) + 1;
    // On a busy machine most of a limit may be reserved at once and given back later: again until it is used up.
    std::int64_t granted_before = -1;
    for (int wave = 0; wave < most_waves && outcome.granted != granted_before; ++wave) {
      granted_before = outcome.granted;
      Tasks tasks;
      for (int i = 0; i < share; ++i) tasks.start(request(loop, pots, race, random, outcome));
      co_await finished(loop, tasks);
      if (race.kind == PotKind::held) break;  // is never used up
    }
    co_await pots.close(Clock::now() + 5s);
  });
  return outcome;
}

// What the process's workers came to, through a pipe.
void be_a_gateway(const Race& race, int index, int pipe) {
  std::vector<Outcome> outcomes(workers);
  std::vector<std::thread> threads;
  for (int i = 0; i < workers; ++i) {
    threads.emplace_back([&, i] {
      outcomes[static_cast<std::size_t>(i)] = work(race, static_cast<unsigned>(index * workers + i));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& outcome : outcomes) (void)!::write(pipe, &outcome, sizeof outcome);
}

Outcome run(const Race& race) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      be_a_gateway(race, i, ends[1]);
      ::_exit(testing::Test::HasFailure() ? 1 : 0);
    }
    children.push_back(pid);
  }
  ::close(ends[1]);
  Outcome all, one;
  int parts = 0;
  while (::read(ends[0], &one, sizeof one) == sizeof one) {
    ++parts;
    all.granted += one.granted;
    all.settled += one.settled;
    all.refused += one.refused;
    all.unshared += one.unshared;
    all.over_limit += one.over_limit;
  }
  ::close(ends[0]);
  for (const pid_t pid : children) {
    int status = -1;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(parts, processes * workers);
  return all;
}

struct RacingTest : testing::Test {
  RedisServer server;
  // Nobody is to be refused because the machine was busy for fifty milliseconds.
  SharingConfig config(SharingMode mode) {
    SharingConfig out = server.config(mode);
    out.timeout = 5s;
    return out;
  }
  std::int64_t left_in_redis(PotKind kind) {
    RedisClient client(server.port());
    if (kind == PotKind::sliding) return client.number({"HGET", "test:raced", "t"});
    if (kind == PotKind::held) return client.number({"HLEN", "test:raced"});
    return client.number({"GET", "test:raced"});
  }
};

constexpr std::int64_t limit = 100'000;  // of some 250,000 in the end, 500,000 reserved

TEST_F(RacingTest, ExactModeNeverSettlesMoreThanTheLimitAndFillsIt) {
  for (const auto kind : {PotKind::fixed, PotKind::sliding}) {
    const Outcome all = run({config(SharingMode::exact), kind, limit});
    EXPECT_EQ(all.unshared, 0);
    EXPECT_EQ(all.over_limit, 0);
    EXPECT_LE(all.settled, limit);
    EXPECT_GE(all.settled, limit * 9 / 10);  // what is given back last finds nobody to take it
    EXPECT_GT(all.refused, 0);
    EXPECT_EQ(left_in_redis(kind), all.settled);  // nothing lost, nothing booked twice
    RedisClient(server.port()).ask({"FLUSHALL"});
  }
}

TEST_F(RacingTest, LeasedModeNeverSettlesMoreThanTheLimitAndLeavesNoMoreThanTheBound) {
  for (const auto kind : {PotKind::fixed, PotKind::sliding}) {
    const Outcome all = run({config(SharingMode::leased), kind, limit});
    const std::int64_t bound = processes * workers * (limit * 2 / 100);
    EXPECT_EQ(all.unshared, 0);
    EXPECT_LE(all.settled, limit);
    EXPECT_GE(all.settled, limit - bound - 1'000);
    EXPECT_EQ(left_in_redis(kind), all.settled);
    RedisClient(server.port()).ask({"FLUSHALL"});
  }
}

TEST_F(RacingTest, HeldSlotsAreAllGivenBack) {
  for (const auto mode : {SharingMode::exact, SharingMode::leased}) {
    const Outcome all = run({config(mode), PotKind::held, 20'000});
    EXPECT_EQ(all.over_limit, 0);
    EXPECT_GT(all.granted, 0);
    EXPECT_EQ(left_in_redis(PotKind::held), 0);
    RedisClient(server.port()).ask({"FLUSHALL"});
  }
}

}  // namespace
}  // namespace tollgate::sharing
