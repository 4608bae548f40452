#include "net/dns_cache.hpp"

#include <gtest/gtest.h>

namespace tollgate::net {
namespace {

using namespace std::chrono_literals;
using State = DnsCache::State;

std::vector<Address> one(const char* text) { return {parse_address(text, 0).value()}; }

class DnsCacheTest : public testing::Test {
 protected:
  DnsCacheTest() {
    config_.min_ttl = 1s;
    config_.max_ttl = 5min;
    config_.negative_ttl = 2s;
    config_.stale = 10min;
  }
  State state(Duration after) const { return cache_.find("a.example", start_ + after).state; }
  void answer(std::chrono::seconds ttl, Duration after = 0s, const char* address = "10.1.2.3") {
    cache_.store_answer("a.example", one(address), ttl, start_ + after, config_);
  }
  std::string address(Duration after) const {
    const auto found = cache_.find("a.example", start_ + after);
    return found.addresses ? found.addresses->front().host_text() : "";
  }

  ResolverConfig config_;
  DnsCache cache_;
  TimePoint start_{1h};
};

TEST_F(DnsCacheTest, KeepsAnAnswerForItsTime) {
  EXPECT_EQ(state(0s), State::unknown);
  answer(30s);
  EXPECT_EQ(state(0s), State::fresh);
  EXPECT_EQ(state(29999ms), State::fresh);
  EXPECT_EQ(state(30s), State::stale);
  EXPECT_EQ(address(30s), "10.1.2.3");
}

TEST_F(DnsCacheTest, BoundsTheTimeOnBothSides) {
  answer(0s);
  EXPECT_EQ(state(999ms), State::fresh);
  EXPECT_EQ(state(1s), State::stale);
  answer(24h);
  EXPECT_EQ(state(299s), State::fresh);
  EXPECT_EQ(state(300s), State::stale);
}

TEST_F(DnsCacheTest, TheRestOfAnAnswerAddsTheFamilyThatWasMissing) {
  const std::vector<Address> all{parse_address("10.9.9.9", 0).value(), parse_address("fd00::1", 0).value()};
  const auto addresses = [&] {
    std::string list;
    for (const Address& address : *cache_.find("a.example", start_).addresses) list += address.host_text() + " ";
    return list;
  };
  cache_.store_rest("a.example", all, 30s, start_, config_);
  EXPECT_EQ(state(0s), State::unknown) << "of nothing there is no rest";
  answer(30s);
  cache_.store_rest("a.example", all, 5s, start_ + 1s, config_);
  EXPECT_EQ(addresses(), "10.1.2.3 fd00::1 ") << "what was told since is newer";
  EXPECT_EQ(state(5999ms), State::fresh);
  EXPECT_EQ(state(6s), State::stale);
  cache_.store_rest("a.example", {parse_address("fd00::2", 0).value()}, 5s, start_ + 1s, config_);
  EXPECT_EQ(addresses(), "10.1.2.3 fd00::1 ");
  answer(30s, 0s, "fd00::3");
  cache_.store_rest("a.example", all, 60s, start_ + 1s, config_);
  EXPECT_EQ(addresses(), "10.9.9.9 fd00::3 ") << "IPv4 first";
  EXPECT_EQ(state(30s), State::stale);
  cache_.store_no_such_name("a.example", "gone", start_, config_);
  cache_.store_rest("a.example", all, 30s, start_, config_);
  EXPECT_EQ(state(0s), State::negative);
}

TEST_F(DnsCacheTest, AnOldAnswerIsOfUseForABoundedTime) {
  answer(30s);
  EXPECT_EQ(state(30s + 599s), State::stale);
  EXPECT_EQ(state(30s + 600s), State::unknown);
}

TEST_F(DnsCacheTest, AFailureKeepsTheOldAnswerAndPausesTheAsking) {
  answer(30s);
  cache_.store_failure("a.example", "timeout", start_ + 31s, config_);
  EXPECT_EQ(state(32s), State::stale);
  EXPECT_FALSE(cache_.find("a.example", start_ + 32s).may_ask);
  EXPECT_TRUE(cache_.find("a.example", start_ + 33s).may_ask);
  EXPECT_EQ(state(31s + 600s), State::unknown);  // no longer for having failed
}

TEST_F(DnsCacheTest, NoSuchNameIsBelievedAndRememberedForAShortTime) {
  answer(30s);
  cache_.store_no_such_name("a.example", "no such name", start_ + 1s, config_);
  EXPECT_EQ(state(2s), State::negative);
  EXPECT_EQ(*cache_.find("a.example", start_ + 2s).why, "no such name");
  EXPECT_TRUE(cache_.find("a.example", start_ + 2s).is_unknown_name);
  EXPECT_EQ(state(3s), State::unknown);
}

TEST_F(DnsCacheTest, AFailureWithoutAnOldAnswerIsRemembered) {
  cache_.store_failure("a.example", "timeout", start_, config_);
  EXPECT_EQ(state(1s), State::negative);
  EXPECT_FALSE(cache_.find("a.example", start_ + 1s).is_unknown_name);
  EXPECT_EQ(state(2s), State::unknown);
}

TEST_F(DnsCacheTest, ANewAnswerTakesThePlaceOfEverything) {
  cache_.store_no_such_name("a.example", "no such name", start_, config_);
  answer(30s, 1s, "10.9.9.9");
  EXPECT_EQ(state(1s), State::fresh);
  EXPECT_EQ(address(1s), "10.9.9.9");
  answer(30s, 2s, "10.8.8.8");
  EXPECT_EQ(address(2s), "10.8.8.8");
}

TEST_F(DnsCacheTest, HoldsABoundedNumberOfNames) {
  for (std::size_t i = 0; i < 3 * DnsCache::most_names; ++i) {
    cache_.store_answer("host-" + std::to_string(i), one("10.0.0.1"), 30s, start_, config_);
  }
  EXPECT_EQ(cache_.size(), DnsCache::most_names);
  answer(30s, 2h);  // all others are of no use any more
  EXPECT_EQ(cache_.size(), 1u);
  EXPECT_EQ(state(2h), State::fresh);
}

}  // namespace
}  // namespace tollgate::net
