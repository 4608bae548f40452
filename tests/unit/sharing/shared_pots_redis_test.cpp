// SharedPots in front of a real Redis that is well.
#include "sharing/shared_pots.hpp"

#include "in_loop.hpp"
#include "redis_server.hpp"

#include <gtest/gtest.h>

namespace tollgate::sharing::shared_pots_redis_test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t hour = 3'600'000;

Ask ask_of(std::string_view key, std::int64_t limit, std::int64_t amount,
           PotKind kind = PotKind::sliding) {
  Ask out;
  out.key = key;
  out.kind = kind;
  out.window_ms = hour;
  out.limit = limit;
  out.amount = amount;
  return out;
}

awaitable<Verdict> reserve_one(SharedPots& pots, Ask& ask) {
  std::span<Ask> all(&ask, 1);
  Verdict verdict = co_await pots.reserve(all, 1'700'000'000'000);
  co_return verdict;
}

// What Redis thinks is used of a pot.
std::int64_t used(RedisClient& client, const std::string& key) {
  if (client.ask({"TYPE", "test:" + key}).text == "hash") return client.number({"HGET", "test:" + key, "t"});
  return client.number({"GET", "test:" + key});
}

struct SharedPotsTest : testing::Test {
  RedisServer server;
  RedisClient client{server.port()};
};

TEST_F(SharedPotsTest, TheFirstReservationWaitsForTheConnectionAndIsDecidedByRedis) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask ask = ask_of("a", 10, 7);
    Verdict verdict = co_await reserve_one(pots, ask);
    EXPECT_TRUE(verdict.is_granted);
    EXPECT_FALSE(verdict.is_unshared);
    EXPECT_EQ(ask.used_after, 7);
    EXPECT_TRUE(pots.is_connected());
    EXPECT_EQ(pots.why_not(), "");
    verdict = co_await reserve_one(pots, ask);
    EXPECT_FALSE(verdict.is_granted);
    EXPECT_EQ(verdict.refused_by, 0);
    EXPECT_GT(ask.wait_ms, hour - 1'000);
    EXPECT_LE(ask.wait_ms, hour + slot_length(hour));
    EXPECT_EQ(used(client, "a"), 7);
    EXPECT_EQ(pots.numbers().round_trips.get(), 2);
  });
}

TEST_F(SharedPotsTest, ASettlementGivesBackToTheSlotOfTheReservation) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask ask = ask_of("a", 10, 7);
    const Verdict verdict = co_await reserve_one(pots, ask);
    pots.adjust("a", ask.kind, slot_of(ask, verdict), ask.window_ms, -5);
    co_await pause(loop, 20ms);
    EXPECT_EQ(used(client, "a"), 2);
    const Verdict again = co_await reserve_one(pots, ask);
    EXPECT_TRUE(again.is_granted);
    EXPECT_EQ(ask.used_after, 9);
  });
}

TEST_F(SharedPotsTest, SeveralLimitsAreOneRoundTripAndAllOrNothing) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    Ask asks[] = {ask_of("a", 100, 10), ask_of("b", 15, 10, PotKind::fixed), ask_of("c", 5, 1, PotKind::held)};
    std::span<Ask> all(asks);
    Verdict verdict = co_await pots.reserve(all, 0);
    EXPECT_TRUE(verdict.is_granted);
    verdict = co_await pots.reserve(all, 0);
    EXPECT_FALSE(verdict.is_granted);
    EXPECT_EQ(verdict.refused_by, 1);
    EXPECT_EQ(used(client, "a"), 10);
    EXPECT_EQ(used(client, "b"), 10);
    EXPECT_EQ(pots.numbers().round_trips.get(), 2);
  });
}

TEST_F(SharedPotsTest, ACancelledReservationGivesBackWhatItIsGrantedLater) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    co_await reached(loop, pots.numbers().is_connected, 1);
    Ask ask = ask_of("a", 10, 7);
    Ask slot = ask_of("h", 1, 1, PotKind::held);
    const auto story = [&](Ask& one) -> awaitable<void> { (void)co_await reserve_one(pots, one); };
    Tasks tasks;
    tasks.start(story(ask));
    tasks.start(story(slot));
    tasks.cancel();
    co_await reached(loop, pots.numbers().late, 2);
    co_await pause(loop, 20ms);
    EXPECT_EQ(used(client, "a"), 0);
    EXPECT_EQ(client.number({"HLEN", "test:h"}), 0);
  });
}

TEST_F(SharedPotsTest, LeasesAnswerAtOnceAndAreRefilledInTheBackground) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config(SharingMode::leased);
    config.lease_percent = 10;
    SharedPots pots(loop, everywhere(), config, "one");
    Ask ask = ask_of("a", 1'000, 1);
    const Verdict first = co_await reserve_one(pots, ask);
    EXPECT_TRUE(first.is_granted);
    EXPECT_EQ(used(client, "a"), 101);
    int ready = 0;
    for (int i = 0; i < 500; ++i) {
      awaitable<Verdict> work = pots.reserve(std::span<Ask>(&ask, 1), 0);
      ready += work.is_ready();
      const Verdict verdict = co_await std::move(work);
      EXPECT_TRUE(verdict.is_granted);
      if (i % 30 == 0) co_await pause(loop, 5ms);
    }
    EXPECT_EQ(ready, 500);
    EXPECT_EQ(pots.numbers().from_lease.get(), 500);
    EXPECT_EQ(pots.numbers().round_trips.get(), 1);
    EXPECT_GE(pots.numbers().lease_refills.get(), 5);
    EXPECT_LE(used(client, "a"), 501 + pots.lease_bound(1'000));
    co_await pots.close(Clock::now() + 2s);
    EXPECT_EQ(used(client, "a"), 501);
  });
}

TEST_F(SharedPotsTest, AnIdleLeaseGoesBackAfterASecond) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config(SharingMode::leased);
    config.lease_percent = 10;
    config.timeout = 2s;
    SharedPots pots(loop, everywhere(), config, "one");
    Ask asks[] = {ask_of("a", 1'000, 1), ask_of("h", 100, 1, PotKind::held)};
    std::span<Ask> all(asks);
    (void)co_await pots.reserve(all, 0);
    EXPECT_EQ(used(client, "a"), 101);
    co_await pause(loop, 2'300ms);
    EXPECT_EQ(used(client, "a"), 1);
    const Reply held = client.ask({"HVALS", "test:h"});
    EXPECT_EQ(held.list.size(), 1u);
    const std::string text = held.list.empty() ? "" : held.list[0].text;
    EXPECT_EQ(text.substr(0, 2), "1:");
  });
}

TEST_F(SharedPotsTest, WhatTheLeaseDoesNotCoverIsAskedForAndTheRestIsPutBackWhenRefused) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config(SharingMode::leased);
    config.lease_percent = 10;
    SharedPots pots(loop, everywhere(), config, "one");
    Ask asks[] = {ask_of("a", 1'000, 50), ask_of("b", 40, 30)};
    std::span<Ask> all(asks);
    Verdict verdict = co_await pots.reserve(all, 0);
    EXPECT_TRUE(verdict.is_granted);
    verdict = co_await pots.reserve(all, 0);
    EXPECT_FALSE(verdict.is_granted);
    EXPECT_EQ(verdict.refused_by, 1);
    co_await pots.close(Clock::now() + 2s);
    EXPECT_EQ(used(client, "a"), 50);
    EXPECT_EQ(used(client, "b"), 30);
  });
}

TEST_F(SharedPotsTest, GatewaysKnowHowManyTheyAreAndTheBoundFollows) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config(SharingMode::leased);
    SharedPots one(loop, everywhere(), config, "one");
    co_await reached(loop, one.numbers().is_connected, 1);
    SharedPots two(loop, everywhere(), config, "two");
    co_await reached(loop, two.numbers().is_connected, 1);
    EXPECT_EQ(two.numbers().gateways.get(), 2);
    EXPECT_EQ(two.lease_bound(1'000), 40);
    co_await one.close(Clock::now() + 1s);
    EXPECT_EQ(client.number({"ZCARD", "test::gateways"}), 1);
  });
}

TEST_F(SharedPotsTest, PasswordUserAndDataBaseAreUsed) {
  client.ask({"ACL", "SETUSER", "gateway", "on", ">open sesame", "~test:*", "+@all"});
  client.ask({"CONFIG", "SET", "requirepass", "other"});
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config();
    config.redis += "/5";
    config.user = "gateway";
    config.password = Secret("open sesame");
    SharedPots pots(loop, everywhere(), config, "one");
    Ask ask = ask_of("a", 10, 7);
    const Verdict verdict = co_await reserve_one(pots, ask);
    EXPECT_TRUE(verdict.is_granted);
    EXPECT_FALSE(verdict.is_unshared);
    client.ask({"AUTH", "other"});
    client.ask({"SELECT", "5"});
    EXPECT_EQ(used(client, "a"), 7);

    config.password = Secret("wrong");
    SharedPots stranger(loop, everywhere(), config, "two");
    co_await reached(loop, stranger.numbers().connect_failures, 1);
    EXPECT_NE(stranger.why_not().find("WRONGPASS"), std::string::npos) << stranger.why_not();
    EXPECT_EQ(stranger.why_not().find("sesame"), std::string::npos);
  });
}

TEST_F(SharedPotsTest, TlsIsVerifiedAgainstTheNamedAuthority) {
  char folder[] = "/tmp/tollgate-redis-tls-XXXXXX";
  ASSERT_TRUE(::mkdtemp(folder));
  const std::string at = folder;
  const std::string make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
                           " -subj /CN=redis -addext subjectAltName=IP:127.0.0.1 -keyout " + at + "/key.pem -out " +
                           at + "/cert.pem >/dev/null 2>&1";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const auto tls_port = std::to_string(free_port());
  RedisServer tls_server({"--tls-port", tls_port, "--tls-cert-file", at + "/cert.pem", "--tls-key-file",
                          at + "/key.pem", "--tls-auth-clients", "no"});
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharingConfig config = server.config();
    config.redis = "rediss://127.0.0.1:" + tls_port;
    config.ca_file = at + "/cert.pem";
    SharedPots pots(loop, everywhere(), config, "one");
    co_await reached(loop, pots.numbers().is_connected, 1);
    Ask ask = ask_of("a", 10, 7);
    const Verdict verdict = co_await reserve_one(pots, ask);
    EXPECT_TRUE(verdict.is_granted && !verdict.is_unshared) << pots.why_not();

    config.ca_file.clear();
    SharedPots stranger(loop, everywhere(), config, "two");
    co_await reached(loop, stranger.numbers().connect_failures, 1);
    EXPECT_NE(stranger.why_not().find("certificate refused"), std::string::npos) << stranger.why_not();
  });
  std::filesystem::remove_all(at);
}

TEST_F(SharedPotsTest, WhatOneGatewayTakesTheOtherSees) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots one(loop, everywhere(), server.config(), "one");
    SharedPots two(loop, everywhere(), server.config(), "two");
    Ask ask = ask_of("h", 1, 1, PotKind::held);
    Verdict verdict = co_await reserve_one(one, ask);
    EXPECT_TRUE(verdict.is_granted);
    verdict = co_await reserve_one(two, ask);
    EXPECT_FALSE(verdict.is_granted);
    one.adjust("h", PotKind::held, 0, 0, -1);
    co_await pause(loop, 20ms);
    verdict = co_await reserve_one(two, ask);
    EXPECT_TRUE(verdict.is_granted);
  });
}

}  // namespace
}  // namespace tollgate::sharing::shared_pots_redis_test
