// Redis slow, gone, restarted, flushed, read-only or full: what SharedPots does then.
#include "sharing/shared_pots.hpp"

#include "in_loop.hpp"
#include "redis_server.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace tollgate::sharing {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t hour = 3'600'000;

Ask ask_of(std::string_view key, std::int64_t limit, std::int64_t amount, WhenUnshared when,
           PotKind kind = PotKind::sliding) {
  Ask out;
  out.key = key;
  out.kind = kind;
  out.window_ms = hour;
  out.limit = limit;
  out.amount = amount;
  out.when_unshared = when;
  return out;
}

// A reservation and the time that it took.
struct Timed {
  Verdict verdict;
  std::chrono::milliseconds took{};
};
awaitable<Timed> timed(SharedPots& pots, Ask& ask) {
  const auto start = Clock::now();
  std::span<Ask> all(&ask, 1);
  Timed out;
  out.verdict = co_await pots.reserve(all, 1'700'000'000'000);
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  co_return out;
}

struct OutagesTest : testing::Test {
  RedisServer server;
  std::int64_t used(const std::string& key) {
    RedisClient client(server.port());
    return client.number({"HGET", "test:" + key, "t"});
  }
  static awaitable<void> connected(net::Loop& loop, const SharedPots& pots) {
    const bool is_so = co_await reached(loop, pots.numbers().is_connected, 1);
    EXPECT_TRUE(is_so) << pots.why_not();
  }
};

TEST_F(OutagesTest, ARedisThatIsGoneIsAnsweredForByThePolicyOfEachLimit) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    co_await connected(loop, pots);
    server.kill(SIGKILL);
    co_await reached(loop, pots.numbers().connect_failures, 1);
    EXPECT_FALSE(pots.is_connected());
    EXPECT_NE(pots.why_not().find("Connection refused"), std::string::npos) << pots.why_not();

    Ask closed = ask_of("closed", 100, 1, WhenUnshared::closed);
    Timed answer = co_await timed(pots, closed);
    EXPECT_FALSE(answer.verdict.is_granted);
    EXPECT_TRUE(answer.verdict.is_unshared);
    EXPECT_LT(answer.took, 20ms);
    Ask last = ask_of("last", 100, 1, WhenUnshared::last_lease);
    answer = co_await timed(pots, last);
    EXPECT_FALSE(answer.verdict.is_granted);
    // `open` still limits this gateway.
    Ask open = ask_of("open", 5, 2, WhenUnshared::open);
    int granted = 0;
    for (int i = 0; i < 5; ++i) {
      answer = co_await timed(pots, open);
      granted += answer.verdict.is_granted;
    }
    EXPECT_EQ(granted, 2);
    EXPECT_GT(open.wait_ms, hour - 2'000);
    // One `closed` refuses the whole request.
    Ask both[] = {ask_of("open2", 5, 2, WhenUnshared::open), closed};
    std::span<Ask> all(both);
    const Verdict verdict = co_await pots.reserve(all, 0);
    EXPECT_EQ(verdict.refused_by, 1);
    const auto& numbers = pots.numbers();
    EXPECT_EQ(numbers.closed_refused.get(), 2);
    EXPECT_EQ(numbers.open_granted.get(), 2);
    EXPECT_EQ(numbers.open_refused.get(), 3);
    EXPECT_EQ(numbers.last_lease_refused.get(), 1);
  });
}

TEST_F(OutagesTest, WhatWasGrantedAndSettledMeanwhileIsBookedWhenRedisIsBack) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask ask = ask_of("a", 100, 10, WhenUnshared::open);
    (void)co_await timed(pots, ask);
    server.kill(SIGKILL);
    co_await reached(loop, pots.numbers().connect_failures, 1);
    Timed second = co_await timed(pots, ask);
    EXPECT_TRUE(second.verdict.is_granted && second.verdict.is_unshared);
    pots.adjust("a", ask.kind, slot_of(ask, second.verdict), hour, -3);
    EXPECT_GT(pots.numbers().adjustments_queued.get(), 0);
    server.start();
    co_await connected(loop, pots);
    EXPECT_EQ(used("a"), 7);  // Redis kept nothing of before
    EXPECT_EQ(pots.numbers().adjustments_queued.get(), 0);
    Timed third = co_await timed(pots, ask);
    EXPECT_FALSE(third.verdict.is_unshared);
    EXPECT_EQ(ask.used_after, 17);
  });
}

TEST_F(OutagesTest, LastLeasesAreSpentAndThenRefused) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config(SharingMode::leased);
    config.lease_percent = 10;
    SharedPots pots(loop, everywhere(), config, "one");
    Ask ask = ask_of("a", 100, 1, WhenUnshared::last_lease);
    Timed answer = co_await timed(pots, ask);  // brings ten more
    server.kill(SIGKILL);
    co_await reached(loop, pots.numbers().connect_failures, 1);
    int granted = 0;
    for (int i = 0; i < 20; ++i) {
      answer = co_await timed(pots, ask);
      granted += answer.verdict.is_granted;
    }
    EXPECT_EQ(granted, 10);
    EXPECT_EQ(pots.numbers().last_lease_granted.get(), 10);
    EXPECT_EQ(pots.numbers().last_lease_refused.get(), 10);
  });
}

TEST_F(OutagesTest, ASlowRedisCostsNoMoreThanTheTimeoutAndLateGrantsAreGivenBack) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask ask = ask_of("a", 100, 10, WhenUnshared::closed);
    co_await connected(loop, pots);
    server.kill(SIGSTOP);
    Timed answer = co_await timed(pots, ask);
    EXPECT_FALSE(answer.verdict.is_granted);
    EXPECT_LE(answer.took, 65ms);
    EXPECT_GE(answer.took, 35ms);
    EXPECT_EQ(pots.numbers().timeouts.get(), 1);
    // It is known by now that Redis is slow: nobody else waits, nothing piles up.
    answer = co_await timed(pots, ask);
    EXPECT_LE(answer.took, 5ms);
    server.kill(SIGCONT);
    co_await reached(loop, pots.numbers().late, 1);
    co_await pause(loop, 20ms);
    EXPECT_EQ(used("a"), 0);
    answer = co_await timed(pots, ask);
    EXPECT_TRUE(answer.verdict.is_granted);
    EXPECT_FALSE(answer.verdict.is_unshared);
    EXPECT_EQ(pots.numbers().connects.get(), 1);
  });
}

TEST_F(OutagesTest, ARedisThatSleepsLongIsConnectedAnewAndBooksNothingOfThePast) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask ask = ask_of("a", 100, 10, WhenUnshared::closed);
    co_await connected(loop, pots);
    server.kill(SIGSTOP);
    (void)co_await timed(pots, ask);
    co_await reached(loop, pots.numbers().connection_losses, 1);
    server.kill(SIGCONT);
    co_await connected(loop, pots);
    EXPECT_EQ(used("a"), 0);  // the reservation was read, after its time
    EXPECT_EQ(pots.numbers().fate_unknown.get(), 1);
    const Timed answer = co_await timed(pots, ask);
    EXPECT_TRUE(answer.verdict.is_granted);
  });
}

TEST_F(OutagesTest, ABlackHoleCostsNoMoreThanTheTimeout) {
  // A listener with a full queue: connections to it neither succeed nor fail.
  const int hole = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(hole, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(hole, reinterpret_cast<sockaddr*>(&address), &size);
  ::listen(hole, 0);
  std::vector<int> plugs;
  for (int i = 0; i < 4; ++i) {
    plugs.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ::connect(plugs.back(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config();
    config.redis = "redis://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    SharedPots pots(loop, everywhere(), config, "one");
    Ask ask = ask_of("a", 100, 10, WhenUnshared::open);
    Timed answer = co_await timed(pots, ask);
    EXPECT_TRUE(answer.verdict.is_granted && answer.verdict.is_unshared);
    EXPECT_LE(answer.took, 65ms);
    answer = co_await timed(pots, ask);
    EXPECT_LE(answer.took, 15ms);
    co_await reached(loop, pots.numbers().connect_failures, 1);
    EXPECT_NE(pots.why_not().find("timed out"), std::string::npos) << pots.why_not();
  });
  for (const int plug : plugs) ::close(plug);
  ::close(hole);
}

TEST_F(OutagesTest, ForgottenScriptsAreSentAgainWithoutAnybodyNoticing) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask ask = ask_of("a", 100, 10, WhenUnshared::closed);
    Timed answer = co_await timed(pots, ask);
    RedisClient(server.port()).ask({"SCRIPT", "FLUSH"});
    answer = co_await timed(pots, ask);
    EXPECT_TRUE(answer.verdict.is_granted);
    EXPECT_FALSE(answer.verdict.is_unshared);
    RedisClient(server.port()).ask({"SCRIPT", "FLUSH"});
    pots.adjust("a", ask.kind, slot_of(ask, answer.verdict), hour, -5);
    co_await told(loop, pots);
    EXPECT_EQ(used("a"), 15);
    EXPECT_EQ(pots.numbers().scripts_sent.get(), 2);
  });
}

TEST_F(OutagesTest, AFlushedRedisStartsFromNothingAndLaterSettlementsDoNoHarm) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask ask = ask_of("a", 10, 10, WhenUnshared::closed);
    const Timed before = co_await timed(pots, ask);
    RedisClient(server.port()).ask({"FLUSHALL"});
    pots.adjust("a", ask.kind, slot_of(ask, before.verdict), hour, -5);
    co_await told(loop, pots);
    const Timed after = co_await timed(pots, ask);
    EXPECT_TRUE(after.verdict.is_granted);
    EXPECT_EQ(ask.used_after, 10);
  });
}

TEST_F(OutagesTest, AReadOnlyReplicaIsLeftAndTriedAgain) {
  RedisServer primary;
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    co_await connected(loop, pots);
    RedisClient client(server.port());
    client.ask({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())});
    Ask ask = ask_of("a", 100, 10, WhenUnshared::closed);
    const Timed refused = co_await timed(pots, ask);
    EXPECT_FALSE(refused.verdict.is_granted);
    EXPECT_GT(pots.numbers().errors.get(), 0);
    co_await reached(loop, pots.numbers().connect_failures, 1);
    EXPECT_FALSE(pots.is_connected());
    EXPECT_NE(pots.why_not().find("READONLY"), std::string::npos) << pots.why_not();
    client.ask({"REPLICAOF", "NO", "ONE"});
    co_await connected(loop, pots);
    const Timed granted = co_await timed(pots, ask);
    EXPECT_TRUE(granted.verdict.is_granted);
  });
}

TEST_F(OutagesTest, AFullRedisIsAnsweredForByThePolicy) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    co_await connected(loop, pots);
    RedisClient client(server.port());
    client.ask({"CONFIG", "SET", "maxmemory", "1"});
    Ask ask = ask_of("a", 100, 10, WhenUnshared::open);
    const Timed answer = co_await timed(pots, ask);
    EXPECT_TRUE(answer.verdict.is_granted && answer.verdict.is_unshared);
    EXPECT_GT(pots.numbers().errors.get(), 0);
    client.ask({"CONFIG", "SET", "maxmemory", "0"});
    co_await told(loop, pots);
    EXPECT_EQ(used("a"), 10);
  });
}

TEST_F(OutagesTest, WhatIsHeldSurvivesARestartOfRedis) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask ask = ask_of("h", 3, 1, WhenUnshared::closed, PotKind::held);
    (void)co_await timed(pots, ask);
    (void)co_await timed(pots, ask);
    server.kill(SIGKILL);
    co_await reached(loop, pots.numbers().connect_failures, 1);
    pots.adjust("h", PotKind::held, 0, 0, -1);
    server.start();
    co_await connected(loop, pots);
    (void)co_await timed(pots, ask);
    EXPECT_EQ(ask.used_after, 2);
  });
}

TEST_F(OutagesTest, OneConnectionComesBackAndItsQueueIsToldBeforeAnybodyAsks) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig patient = server.config();
    patient.timeout = 5s;  // a thousand at once take long where every access is checked
    SharedPots pots(loop, everywhere(), patient, "one");
    co_await connected(loop, pots);
    server.kill(SIGKILL);
    co_await reached(loop, pots.numbers().connect_failures, 1);
    const std::int64_t slot = slot_of(PotKind::sliding, hour, 0, std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch()).count());
    std::vector<std::string> keys;
    for (int i = 0; i < 1'000; ++i) keys.push_back("k" + std::to_string(i));
    for (const auto& key : keys) pots.adjust(key, PotKind::sliding, slot, hour, 3);
    server.start();
    Ask first = ask_of("k999", 100, 1, WhenUnshared::closed);
    Timed answer;
    do {
      co_await pause(loop, 1ms);
      answer = co_await timed(pots, first);
    } while (answer.verdict.is_unshared);
    EXPECT_EQ(first.used_after, 4);
    RedisClient client(server.port());
    EXPECT_EQ(client.number({"DBSIZE"}), 1'000 + 2);  // the journal and the gateways
    // 1000 reservations at once: one connection, few writes.
    std::list<Ask> asks;
    int granted = 0;
    const auto story = [&](Ask& ask) -> awaitable<void> {
      std::span<Ask> all(&ask, 1);
      const Verdict verdict = co_await pots.reserve(all, 0);
      granted += verdict.is_granted && !verdict.is_unshared;
    };
    Tasks tasks;
    for (const auto& key : keys) {
      asks.push_back(ask_of(key, 100, 1, WhenUnshared::closed));
      tasks.start(story(asks.back()));
    }
    co_await finished(loop, tasks);
    EXPECT_EQ(granted, 1'000);
    const Reply clients = client.ask({"CLIENT", "LIST"});
    EXPECT_EQ(std::count(clients.text.begin(), clients.text.end(), '\n'), 2) << clients.text;
  });
}

TEST_F(OutagesTest, SettlementsAreBookedOnceHoweverOftenTheConnectionBreaks) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    co_await connected(loop, pots);
    RedisClient client(server.port());
    const Ask ask = ask_of("a", 0, 0, WhenUnshared::closed, PotKind::fixed);
    std::int64_t sum = 0;
    for (int i = 0; i < 300; ++i) {
      for (int j = 0; j < 20; ++j) {
        pots.adjust("a", ask.kind, 0, 0, 1);
        ++sum;
      }
      if (i % 10 == 0) client.ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
      co_await pause(loop, 1ms);
    }
    const bool is_told = co_await told(loop, pots);
    EXPECT_TRUE(is_told);
    EXPECT_EQ(client.number({"GET", "test:a"}), sum);
    EXPECT_GT(pots.numbers().connection_losses.get(), 5);
  });
}

TEST_F(OutagesTest, AServerThatIsNoRedisIsSaidToBeNone) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  ::listen(listener, 8);
  std::thread server_thread([&] {
    const int fd = ::accept(listener, nullptr, nullptr);
    const std::string_view text = "HTTP/1.1 400 Bad Request\r\n\r\n";
    (void)!::write(fd, text.data(), text.size());
    std::this_thread::sleep_for(200ms);
    ::close(fd);
  });
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config();
    config.redis = "redis://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    SharedPots pots(loop, everywhere(), config, "one");
    co_await reached(loop, pots.numbers().connect_failures, 1);
    EXPECT_NE(pots.why_not().find("does not speak"), std::string::npos) << pots.why_not();
  });
  server_thread.join();
  ::close(listener);
}

}  // namespace
}  // namespace tollgate::sharing
