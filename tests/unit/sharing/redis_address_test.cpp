#include "sharing/redis_address.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tollgate::sharing {
namespace {

TEST(RedisAddress, IsHostPortAndDataBase) {
  const auto plain = parse_redis_address("redis://redis.internal:6380/3");
  EXPECT_FALSE(plain.endpoint.is_tls);
  EXPECT_EQ(plain.endpoint.host, "redis.internal");
  EXPECT_EQ(plain.endpoint.port, 6380);
  EXPECT_EQ(plain.endpoint.authority, "redis.internal:6380");
  EXPECT_EQ(plain.db, 3);
}

TEST(RedisAddress, PortAndDataBaseHaveDefaults) {
  const auto tls = parse_redis_address("rediss://cache.example.net/");
  EXPECT_TRUE(tls.endpoint.is_tls);
  EXPECT_EQ(tls.endpoint.port, 6379);
  EXPECT_EQ(tls.db, 0);
  EXPECT_EQ(parse_redis_address("redis://[::1]:7000").endpoint.host, "::1");
  EXPECT_EQ(parse_redis_address("redis://[::1]").endpoint.port, 6379);
}

TEST(RedisAddress, AnythingElseIsRefused) {
  for (const auto* text : {"", "localhost:6379", "http://a", "redis://", "redis://:1", "redis://a:0x1",
                           "redis://a:70000", "redis://a/x", "redis://a/-1", "redis://[::1",
                           "redis://[::1]x", "redis://user:secret@a"}) {
    EXPECT_THROW((void)parse_redis_address(text), std::runtime_error) << text;
  }
}

TEST(RedisAddress, APasswordInTheAddressIsNotRepeatedInTheProblem) {
  try {
    (void)parse_redis_address("redis://user:hunter2@a");
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_EQ(std::string(e.what()).find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace tollgate::sharing
