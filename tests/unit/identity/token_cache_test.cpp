#include "identity/token_cache.hpp"

#include "identity/key_ring.hpp"

#include <gtest/gtest.h>

namespace tollgate::identity {
namespace {

KeyDigest digest_of(int number) {
  KeyDigest digest{};
  for (std::size_t i = 0; i < 4; ++i) digest[i] = static_cast<unsigned char>(number >> (8 * i));
  digest.back() = static_cast<unsigned char>(number);
  return digest;
}

KnownToken token(std::int64_t expires, std::uint64_t generation = 1) {
  KnownToken known;
  known.label = "9f000001";
  known.expires = expires;
  known.generation = generation;
  return known;
}

TEST(TokenCache, ForgetsWhatHasExpired) {
  TokenCache cache;
  cache.insert(digest_of(1), token(100), 50);
  EXPECT_EQ(cache.find(digest_of(1), 1, 99)->label, "9f000001");
  EXPECT_FALSE(cache.find(digest_of(2), 1, 99));
  EXPECT_FALSE(cache.find(digest_of(1), 1, 100));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(TokenCache, ForgetsWhatWasVerifiedWithOtherKeys) {
  TokenCache cache;
  cache.insert(digest_of(1), token(100), 50);
  EXPECT_FALSE(cache.find(digest_of(1), 2, 60));
}

TEST(TokenCache, HasABound) {
  TokenCache cache;
  const int count = 3 * static_cast<int>(TokenCache::shards * TokenCache::shard_size);
  for (int i = 0; i < count; ++i) cache.insert(digest_of(i), token(100), 50);
  EXPECT_LE(cache.size(), TokenCache::shards * TokenCache::shard_size);
  EXPECT_TRUE(cache.find(digest_of(count - 1), 1, 50));
}

TEST(KeyRing, LetsOneUnknownKeyCauseOneFetchInAWhile) {
  KeyRing ring;
  int starts = 0;
  ring.on_ask([&](std::size_t) { ++starts; });
  ring.reset({{"t", TokenVersion::v2, nullptr}}, std::chrono::minutes(5));
  const auto seen = ring.generation();
  EXPECT_TRUE(ring.ask_refresh(0, seen));
  EXPECT_TRUE(ring.ask_refresh(0, seen)) << "it is under way";
  EXPECT_EQ(starts, 1);
  ring.end_fetch(0, std::make_shared<Issuer>());
  EXPECT_TRUE(ring.ask_refresh(0, seen)) << "it has just come: look again";
  EXPECT_FALSE(ring.ask_refresh(0, ring.generation())) << "too soon for another";
  EXPECT_FALSE(ring.is_refreshing(0));
  EXPECT_EQ(starts, 1);
}

TEST(KeyRing, KeepsTheLastGoodKeysWhenAFetchFails) {
  KeyRing ring;
  ring.reset({{"t", TokenVersion::v2, nullptr}}, std::chrono::minutes(5));
  const auto issuer = std::make_shared<Issuer>();
  ring.begin_fetch(0);
  ring.end_fetch(0, issuer);
  ring.begin_fetch(0);
  ring.end_fetch(0, nullptr);
  EXPECT_EQ(ring.current()->entries[0].issuer, issuer);
}

}  // namespace
}  // namespace tollgate::identity
