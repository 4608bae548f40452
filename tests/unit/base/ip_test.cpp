#include "base/ip.hpp"

#include <gtest/gtest.h>

namespace tollgate::base {
namespace {

IpFault fault(const char* text, Network network = Network::private_only,
              const std::vector<AddressRange>& ranges = default_private_ranges()) {
  return fault_of(parse_ip(text).value(), network, ranges);
}

TEST(Ip, DefaultRangesEndWhereTheRfcsSay) {
  for (const char* inside : {"127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.1",
                             "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255", "::1", "fc00::1",
                             "fdff::1", "::ffff:10.1.2.3"}) {
    EXPECT_EQ(fault(inside), IpFault::none) << inside;
  }
  for (const char* outside : {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.1.1",
                              "192.169.0.1", "100.63.255.255", "100.128.0.0", "169.253.1.1", "8.8.8.8", "192.0.2.1",
                              "203.0.113.7", "2001:db8::1", "fec0::1", "::ffff:8.8.8.8", "::ffff:203.0.113.7"}) {
    EXPECT_EQ(fault(outside), IpFault::public_address) << outside;
  }
}

TEST(Ip, SomeAddressesAreNeverConnectedTo) {
  const std::vector<AddressRange> everything{{}, ipv4_range(0, 0, 0, 0, 0)};
  const struct {
    const char* address;
    IpFault fault;
  } never[] = {{"0.0.0.0", IpFault::unspecified},       {"0.1.2.3", IpFault::unspecified},
               {"::", IpFault::unspecified},            {"::ffff:0.0.0.0", IpFault::unspecified},
               {"224.0.0.1", IpFault::multicast},       {"ff02::1", IpFault::multicast},
               {"240.0.0.1", IpFault::reserved},        {"255.255.255.255", IpFault::reserved},
               {"169.254.169.254", IpFault::link_local}, {"::ffff:169.254.169.254", IpFault::link_local},
               {"fe80::1", IpFault::link_local},        {"168.63.129.16", IpFault::wire_server}};
  for (const auto& [address, expected] : never) {
    EXPECT_EQ(fault(address, Network::any), expected) << address;
    EXPECT_EQ(fault(address, Network::private_only, everything), expected) << address;
  }
}

TEST(Ip, FormsThatCarryAnotherAddressAreNotPrivateWhateverTheyCarry) {
  for (const char* address : {"64:ff9b::203.0.113.7", "64:ff9b::10.1.2.3", "2002:cb00:7107::1", "2002:a01:203::1",
                              "2001:0:1::1", "::203.0.113.7", "::10.1.2.3", "64:ff9b:1::10.1.2.3",
                              "64:ff9b:1:fffe::10.1.2.3", "::ffff:0:10.1.2.3", "fd00::5efe:10.1.2.3",
                              "fd12:3456:789a:1:200:5efe:203.0.113.7", "2001:db8::5efe:10.1.2.3"}) {
    EXPECT_EQ(fault(address), IpFault::carries_another) << address;
  }
  // Even where the range was written down: the prefix says nothing about what is behind it.
  EXPECT_EQ(fault("64:ff9b::10.1.2.3", Network::private_only, {parse_range("64:ff9b::/96").value()}),
            IpFault::carries_another);
  // On networks with IPv6 alone everything is reached by NAT64; with network: any that is as good.
  EXPECT_EQ(fault("64:ff9b::203.0.113.7", Network::any), IpFault::none);
  EXPECT_EQ(fault("64:ff9b::169.254.169.254", Network::any), IpFault::link_local);
  EXPECT_EQ(fault("2002:a9fe:a9fe::1", Network::any), IpFault::link_local);
}

TEST(Ip, WhatIsCarriedIsReadInEveryForm) {
  const struct {
    const char* machine;  // carries 169.254.169.254
    const char* agent;    // 168.63.129.16
    const char* good;     // 203.0.113.7
  } forms[] = {{"64:ff9b::a9fe:a9fe", "64:ff9b::a83f:8110", "64:ff9b::cb00:7107"},
               {"64:ff9b:1::a9fe:a9fe", "64:ff9b:1:fffe::a83f:8110", "64:ff9b:1:fffe::cb00:7107"},
               {"2002:a9fe:a9fe::1", "2002:a83f:8110::1", "2002:cb00:7107::1"},
               {"2001:0:4136:e378:8000:63bf:5601:5601", "2001:0:4136:e378:8000:63bf:57c0:7eef",
                "2001:0:4136:e378:8000:63bf:34ff:8ef8"},
               {"::169.254.169.254", "::168.63.129.16", "::203.0.113.7"},
               {"::ffff:0:169.254.169.254", "::ffff:0:168.63.129.16", "::ffff:0:203.0.113.7"},
               {"2001:db8::5efe:169.254.169.254", "fd00::200:5efe:168.63.129.16", "fd00::5efe:203.0.113.7"}};
  for (const auto& [machine, agent, good] : forms) {
    EXPECT_EQ(fault(machine, Network::any), IpFault::link_local) << machine;
    EXPECT_EQ(fault(agent, Network::any), IpFault::wire_server) << agent;
    EXPECT_EQ(fault(good, Network::any), IpFault::none) << good;
  }
  // As near to these forms as can be, and none of them.
  for (const char* plain : {"2001:1::5601:5601", "64:ff9b:2::a9fe:a9fe", "::1:ffff:0:a9fe:a9fe", "fd00::100:5efe:a9fe:a9fe",
                            "fd00::5eff:a9fe:a9fe"}) {
    EXPECT_EQ(fault(plain, Network::any), IpFault::none) << plain;
  }
  EXPECT_EQ(fault("fd00::5eff:10.1.2.3"), IpFault::none);
}

TEST(Ip, WithoutARulePublicAddressesAreGood) {
  for (const char* address : {"203.0.113.7", "2001:db8::1", "10.0.0.1", "::1"}) {
    EXPECT_EQ(fault(address, Network::any), IpFault::none) << address;
  }
}

TEST(Ip, OwnRangesTakeTheDefaultsPlace) {
  const std::vector<AddressRange> ranges{parse_range("10.20.0.0/16").value(), parse_range("fd12:3456::/32").value()};
  EXPECT_EQ(fault("10.20.255.1", Network::private_only, ranges), IpFault::none);
  EXPECT_EQ(fault("fd12:3456:1::9", Network::private_only, ranges), IpFault::none);
  EXPECT_EQ(fault("10.21.0.1", Network::private_only, ranges), IpFault::outside);
  EXPECT_EQ(fault("127.0.0.1", Network::private_only, ranges), IpFault::outside);
  EXPECT_EQ(fault("203.0.113.7", Network::private_only, ranges), IpFault::public_address);
  EXPECT_EQ(fault("fd12:3457::1", Network::private_only, ranges), IpFault::outside);
}

TEST(Ip, ReadsRangesAndWritesThemAlike) {
  for (const char* text : {"10.0.0.0/8", "100.64.0.0/10", "0.0.0.0/0", "10.1.2.3/32", "fd00::/8", "::1/128", "::/0"}) {
    ASSERT_TRUE(parse_range(text)) << text;
    EXPECT_EQ(to_text(*parse_range(text)), text);
  }
  EXPECT_EQ(to_text(parse_range("10.1.2.3").value()), "10.1.2.3/32");
  EXPECT_EQ(to_text(default_private_ranges()),
            "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, ::1/128, fc00::/7");
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.1/8", "fd00::1/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8",
                           "10.0.0.0/8x", "host/8", "fd00::/129", "[::1]"}) {
    EXPECT_FALSE(parse_range(text)) << text;
  }
}

TEST(Ip, ARangeHoldsWholeAndPartBytes) {
  const AddressRange range = parse_range("172.16.0.0/12").value();
  EXPECT_TRUE(range.holds(parse_ip("172.16.0.0").value()));
  EXPECT_TRUE(range.holds(parse_ip("172.31.255.255").value()));
  EXPECT_FALSE(range.holds(parse_ip("172.32.0.0").value()));
  EXPECT_FALSE(range.holds(parse_ip("fd00::1").value()));
}

}  // namespace
}  // namespace tollgate::base
