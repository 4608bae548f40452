#include "net/address.hpp"

#include <gtest/gtest.h>

namespace tollgate::net {
namespace {

bool is_private_text(const char* host) { return is_private(parse_address(host, 1).value()); }

TEST(Address, ReadsLiteralsAndLocalhostAndNothingElse) {
  EXPECT_EQ(parse_address("127.0.0.1", 80)->text(), "127.0.0.1:80");
  EXPECT_EQ(parse_address("::1", 443)->text(), "[::1]:443");
  EXPECT_EQ(parse_address("localhost", 1)->text(), "127.0.0.1:1");
  EXPECT_FALSE(parse_address("example.com", 1));
  EXPECT_FALSE(parse_address("127.1", 1));
}

TEST(Address, PrivateRangesEndWhereTheRfcsSay) {
  for (const char* host : {"127.0.0.1", "10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255",
                           "192.168.0.1", "100.64.0.1", "100.127.255.255", "169.254.1.1", "::1",
                           "fc00::1", "fdff::1", "fe80::1", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(is_private_text(host)) << host;
  }
  for (const char* host : {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.1.1",
                           "192.169.0.1", "100.63.255.255", "100.128.0.0", "169.253.1.1", "8.8.8.8",
                           "2001:db8::1", "fec0::1", "::ffff:8.8.8.8", "::"}) {
    EXPECT_FALSE(is_private_text(host)) << host;
  }
}

}  // namespace
}  // namespace tollgate::net
