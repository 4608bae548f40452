#include "net/address.hpp"

#include "base/ip.hpp"

#include <gtest/gtest.h>

namespace tollgate::net {
namespace {

TEST(Address, ReadsLiteralsAndLocalhostAndNothingElse) {
  EXPECT_EQ(parse_address("127.0.0.1", 80)->text(), "127.0.0.1:80");
  EXPECT_EQ(parse_address("::1", 443)->text(), "[::1]:443");
  EXPECT_EQ(parse_address("localhost", 1)->text(), "127.0.0.1:1");
  EXPECT_FALSE(parse_address("example.com", 1));
  EXPECT_FALSE(parse_address("127.1", 1));
}

TEST(Address, GivesIpv4InItsMappedForm) {
  EXPECT_EQ(base::to_text(parse_address("10.1.2.3", 1)->ip()), "10.1.2.3");
  EXPECT_EQ(parse_address("::ffff:10.1.2.3", 1)->ip(), parse_address("10.1.2.3", 2)->ip());
  EXPECT_EQ(base::to_text(parse_address("fd00::1", 1)->ip()), "fd00::1");
}

}  // namespace
}  // namespace tollgate::net
