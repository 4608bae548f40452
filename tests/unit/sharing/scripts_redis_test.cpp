// The scripts, run by a real Redis at times that the tests choose.
#include "sharing/commands.hpp"
#include "sharing/scripts.hpp"

#include "pot_model.hpp"
#include "redis_server.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tollgate::sharing {
namespace {

struct ScriptsTest : testing::Test {
  static RedisServer& server() {
    static RedisServer one;
    return one;
  }
  void SetUp() override { client.ask({"FLUSHALL"}); }

  Reserved reserve(const std::vector<Booking>& bookings, std::int64_t now, std::int64_t not_after = 0,
                   const char* me = "me") {
    Words words = reserve_words(Caller{"p", me}, bookings, now, not_after);
    words[0] = "EVAL";
    words[1] = reserve_script;
    const Reply reply = client.ask(words);
    const auto reserved = read_reserved(reply, bookings.size());
    if (!reserved) throw std::runtime_error("unexpected reply: " + reply.text);
    return *reserved;
  }
  bool adjust(const Settlement& settlement, std::int64_t now, const char* me = "me") {
    return adjust_as(++number, settlement, now, me);
  }
  bool adjust_as(std::int64_t batch, const Settlement& settlement, std::int64_t now, const char* me) {
    Words words = adjust_words(Caller{"p", me}, std::span(&settlement, 1), batch, now);
    words[0] = "EVAL";
    words[1] = adjust_script;
    const Reply reply = client.ask(words);
    if (!reply.is_numbers(2)) throw std::runtime_error("unexpected reply: " + reply.text);
    return reply.list[1].number == 1;
  }

  RedisClient client{server().port()};
  std::int64_t number = 0;
};

constexpr std::int64_t zero = 1'700'000'000'000;

Booking sliding(std::string key, std::int64_t window, std::int64_t limit, std::int64_t amount) {
  return {std::move(key), PotKind::sliding, window, 0, limit, amount, amount};
}
Booking held(std::string key, std::int64_t limit, std::int64_t amount) {
  return {std::move(key), PotKind::held, 0, 0, limit, amount, amount};
}

TEST_F(ScriptsTest, ASlidingPotDoesWhatTheModelDoes) {
  std::mt19937 random(11);
  for (const std::int64_t window : {1'000, 6'400, 60'000}) {
    const auto key = "model" + std::to_string(window);
    PotModel model{window, 1'000, {}};
    std::int64_t now = zero;
    int refusals = 0;
    for (int step = 0; step < 2'000; ++step) {
      now += static_cast<std::int64_t>(random() % static_cast<unsigned>(window / (step % 100 == 0 ? 1 : 20)));
      if (random() % 4 == 0 && !model.slots.empty()) {  // settles an earlier one
        auto slot = std::next(model.slots.begin(), static_cast<long>(random() % model.slots.size()));
        const auto delta = std::max(-slot->second, static_cast<std::int64_t>(random() % 100) - 80);
        adjust({"p:" + key, PotKind::sliding, false, window, slot->first, delta}, now);
        slot->second += delta;
      }
      const auto amount = static_cast<std::int64_t>(random() % 200);
      const auto got = reserve({sliding(key, window, model.limit, amount)}, now);
      const bool fits = model.use(now) + amount <= model.limit;
      ASSERT_EQ(got.result == Reserved::Result::granted, fits) << window << " " << step;
      if (fits) {
        model.slots[slot_of(PotKind::sliding, window, 0, now)] += amount;
      } else {
        ++refusals;
        ASSERT_EQ(got.parts[0].wait_ms, model.wait(now, amount));
        ASSERT_GT(model.use(now + got.parts[0].wait_ms - 1) + amount, model.limit);
      }
      ASSERT_EQ(got.parts[0].used, model.use(now)) << window << " " << step;
    }
    EXPECT_GT(refusals, 100);
  }
}

TEST_F(ScriptsTest, AllPotsAreBookedOrNone) {
  const Booking narrow{"narrow", PotKind::fixed, 60'000, zero, 5, 4, 4};
  auto got = reserve({sliding("wide", 6'400, 100, 10), narrow, held("slots", 9, 1)}, zero);
  EXPECT_EQ(got.result, Reserved::Result::granted);
  got = reserve({sliding("wide", 6'400, 100, 10), narrow, held("slots", 9, 1)}, zero + 1);
  EXPECT_EQ(got.result, Reserved::Result::refused);
  EXPECT_EQ(got.refused_by, 1);
  EXPECT_EQ(got.parts[1].wait_ms, 59'999);
  got = reserve({sliding("wide", 6'400, 100, 0), held("slots", 9, 0)}, zero + 2);
  EXPECT_EQ(got.parts[0].used, 10);
  EXPECT_EQ(got.parts[1].used, 1);
}

TEST_F(ScriptsTest, WhatNeverFitsIsToldSo) {
  const auto got = reserve({sliding("a", 6'400, 10, 11)}, zero);
  EXPECT_EQ(got.result, Reserved::Result::refused);
  EXPECT_EQ(got.parts[0].wait_ms, -1);
  const Booking life{"life", PotKind::fixed, 0, 0, 10, 11, 11};
  EXPECT_EQ(reserve({life}, zero).parts[0].wait_ms, -1);
}

TEST_F(ScriptsTest, AReservationThatComesTooLateBooksNothing) {
  EXPECT_EQ(reserve({sliding("a", 6'400, 10, 5)}, zero, zero - 1).result, Reserved::Result::too_late);
  EXPECT_EQ(reserve({sliding("a", 6'400, 10, 0)}, zero, zero).parts[0].used, 0);
}

TEST_F(ScriptsTest, ALeaseIsAFairPartOfTheRoomAndNeverLessThanWasAsked) {
  auto lease = sliding("a", 6'400, 1'000, 10);
  lease.want = 100;
  EXPECT_EQ(reserve({lease}, zero).parts[0].given, 100);
  (void)reserve({sliding("a", 6'400, 1'000, 700)}, zero);
  EXPECT_EQ(reserve({lease}, zero).parts[0].given, 50);  // a quarter of 200
  (void)reserve({sliding("a", 6'400, 1'000, 138)}, zero);
  EXPECT_EQ(reserve({lease}, zero).parts[0].given, 10);
  EXPECT_EQ(reserve({lease}, zero).result, Reserved::Result::refused);
}

TEST_F(ScriptsTest, ABatchIsBookedOnceHoweverOftenItIsSent) {
  const Settlement more{"p:a", PotKind::sliding, false, 6'400, zero, 7};
  EXPECT_TRUE(adjust_as(5, more, zero, "me"));
  EXPECT_FALSE(adjust_as(5, more, zero, "me"));
  EXPECT_FALSE(adjust_as(4, more, zero, "me"));
  EXPECT_TRUE(adjust_as(5, more, zero, "another"));
  EXPECT_EQ(reserve({sliding("a", 6'400, 100, 0)}, zero).parts[0].used, 14);
}

TEST_F(ScriptsTest, ASlotThatNoLongerCountsIsLeftAlone) {
  adjust({"p:a", PotKind::sliding, false, 6'400, zero, 7}, zero + 6'500);
  EXPECT_EQ(client.number({"EXISTS", "p:a"}), 0);
}

TEST_F(ScriptsTest, APotNeverGoesBelowZero) {
  adjust({"p:a", PotKind::sliding, false, 6'400, zero, -7}, zero);
  adjust({"p:b:" + std::to_string(zero), PotKind::fixed, false, 6'400, zero, -7}, zero);
  adjust({"p:c", PotKind::held, false, 0, 0, -7}, zero);
  const Booking b{"b", PotKind::fixed, 6'400, zero, 9, 0, 0};
  const auto got = reserve({sliding("a", 6'400, 9, 0), b, held("c", 9, 0)}, zero);
  for (const auto& part : got.parts) EXPECT_EQ(part.used, 0);
}

TEST_F(ScriptsTest, WhatADeadGatewayHeldVanishes) {
  EXPECT_EQ(reserve({held("h", 3, 2)}, zero, 0, "dead").result, Reserved::Result::granted);
  EXPECT_EQ(reserve({held("h", 3, 2)}, zero + 14'999, 0, "alive").result, Reserved::Result::refused);
  const auto got = reserve({held("h", 3, 2)}, zero + 15'000, 0, "alive");
  EXPECT_EQ(got.result, Reserved::Result::granted);
  EXPECT_EQ(got.parts[0].used, 2);
}

TEST_F(ScriptsTest, ABeatKeepsWhatIsHeldAndPutsBackWhatWasFlushed) {
  (void)reserve({held("h", 3, 2)}, zero, 0, "me");
  const auto beat = [&](std::int64_t now) {
    const std::vector<std::pair<std::string, std::int64_t>> mine{{"p:h", 2}};
    Words words = beat_words(Caller{"p", "me"}, mine, false, now);
    words[0] = "EVAL";
    words[1] = beat_script;
    return client.ask(words);
  };
  EXPECT_EQ(beat(zero + 10'000).list[1].number, 1);
  EXPECT_EQ(reserve({held("h", 3, 0)}, zero + 20'000).parts[0].used, 2);
  client.ask({"FLUSHALL"});
  beat(zero + 21'000);
  EXPECT_EQ(reserve({held("h", 3, 0)}, zero + 21'000).parts[0].used, 2);
}

TEST_F(ScriptsTest, LargeAmountsStayWholeNumbers) {
  const std::int64_t large = 9'007'199'254'740'000;  // nano-dollars: 9 million dollars
  const Booking money{"m", PotKind::fixed, 0, 0, large, large - 1, large - 1};
  EXPECT_EQ(reserve({money}, zero).result, Reserved::Result::granted);
  EXPECT_EQ(client.ask({"GET", "p:m"}).text, std::to_string(large - 1));
  auto one = money;
  one.amount = one.want = 1;
  EXPECT_EQ(reserve({one}, zero).parts[0].used, large);
  EXPECT_EQ(reserve({one}, zero).result, Reserved::Result::refused);
}

TEST_F(ScriptsTest, EveryKeyExpires) {
  const Booking life{"life", PotKind::fixed, 5'000, 0, 10, 1, 1};
  const Booking month{"month", PotKind::fixed, 60'000, zero, 10, 1, 1};
  (void)reserve({sliding("s", 6'400, 10, 1), held("h", 9, 1), life, month}, zero);
  EXPECT_LE(client.number({"PTTL", "p:life"}), 5'000);
  const std::vector<std::string> keys{"p:s", "p:h", "p:life", "p:month:" + std::to_string(zero)};
  for (const auto& key : keys) {
    EXPECT_GT(client.number({"PTTL", key}), 0) << key;
  }
}

}  // namespace
}  // namespace tollgate::sharing
