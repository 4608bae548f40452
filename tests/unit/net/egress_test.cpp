#include "net/egress.hpp"

#include <gtest/gtest.h>

namespace tollgate::net {
namespace {

std::vector<Address> addresses(std::initializer_list<const char*> texts) {
  std::vector<Address> list;
  for (const char* text : texts) list.push_back(parse_address(text, 443).value());
  return list;
}

class EgressTest : public testing::Test {
 protected:
  std::vector<std::string> admitted(const Egress& egress, std::initializer_list<const char*> texts) {
    last_ = egress.admit("contoso.openai.azure.com", addresses(texts));
    std::vector<std::string> list;
    for (const Allowed& allowed : last_.addresses) list.push_back(allowed.address().host_text());
    return list;
  }

  std::vector<Refusal> told_;
  Perimeter perimeter_{{}, [this](const Refusal& refusal) { told_.push_back(refusal); }};
  Admitted last_;
};

using Texts = std::vector<std::string>;

TEST_F(EgressTest, LetsPrivateAddressesOfAMixedAnswerPassAndTellsOfTheOthers) {
  const Egress egress(perimeter_, {"deployment", "gpt-4o"}, Network::private_only);
  EXPECT_EQ(admitted(egress, {"203.0.113.7", "10.1.2.3", "2001:db8::1", "fd00::5"}), (Texts{"10.1.2.3", "fd00::5"}));
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[0].address, "203.0.113.7");
  EXPECT_EQ(told_[0].host, "contoso.openai.azure.com");
  EXPECT_EQ(told_[0].zone, "privatelink.openai.azure.com");
  EXPECT_EQ(told_[0].caller.name, "gpt-4o");
  EXPECT_NE(told_[0].text.find("only its other addresses are used"), std::string::npos);
  EXPECT_EQ(told_[1].address, "2001:db8::1");
}

TEST_F(EgressTest, TheRefusalNamesHostAddressRangesAndZone) {
  const Egress egress(perimeter_, {"deployment", "gpt-4o"}, Network::private_only);
  EXPECT_EQ(admitted(egress, {"203.0.113.7"}), Texts{});
  EXPECT_EQ(last_.refusal,
            "contoso.openai.azure.com has the address 203.0.113.7, which is a public address, and `network: private` "
            "forbids it: the private DNS zone privatelink.openai.azure.com has no record for it, or is not linked to the "
            "network that asks (allowed: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, ::1/128, "
            "fc00::/7)");
}

TEST_F(EgressTest, APrivateAddressOutsideOfTheRangesIsNotToldAsPublic) {
  NetworkConfig narrow;
  narrow.private_ranges = {ipv4_range(172, 16, 0, 0, 12)};
  perimeter_.use(narrow);
  const Egress egress(perimeter_, {"deployment", "gpt-4o"}, Network::private_only);
  EXPECT_EQ(admitted(egress, {"10.9.9.9", "127.0.0.1"}), Texts{});
  ASSERT_EQ(last_.refused.size(), 2u);
  EXPECT_EQ(last_.refused[1].fault, base::IpFault::outside);
  EXPECT_EQ(last_.refused[1].reason, "is outside network.private_ranges");
  EXPECT_EQ(last_.refusal,
            "contoso.openai.azure.com has the address 10.9.9.9, which is outside network.private_ranges, and `network: "
            "private` forbids it: add its range to network.private_ranges if that network is yours (allowed: "
            "172.16.0.0/12)");
}

TEST_F(EgressTest, CountsWhatItDoesNotTell) {
  const Egress egress(perimeter_, {"webhook", ""}, Network::private_only);
  for (int i = 0; i < 10; ++i) admitted(egress, {"203.0.113.7"});
  EXPECT_EQ(told_.size(), 1u);
  EXPECT_EQ(perimeter_.refusals().at({"webhook", ""}), 10u);
}

TEST_F(EgressTest, OnlyTheIdentityEndpointReachesLinkLocalAddresses) {
  for (const Network network : {Network::any, Network::private_only}) {
    const Egress deployment(perimeter_, {"deployment", "gpt-4o"}, network);
    EXPECT_EQ(admitted(deployment, {"169.254.169.254", "fe80::1"}), Texts{});
    const Egress identity = Egress::to_identity_endpoint(perimeter_, {"token", "azure"}, network);
    EXPECT_EQ(admitted(identity, {"169.254.169.254", "127.0.0.1", "fe80::1", "168.63.129.16"}),
              (Texts{"169.254.169.254", "127.0.0.1"}));
  }
  const Egress identity = Egress::to_identity_endpoint(perimeter_, {"token", "azure"}, Network::private_only);
  EXPECT_EQ(admitted(identity, {"203.0.113.7"}), Texts{});
}

TEST_F(EgressTest, TheIdentityEndpointReachesLoopbackWhateverTheRanges) {
  NetworkConfig narrow;
  narrow.private_ranges = {ipv4_range(10, 0, 0, 0, 8)};
  perimeter_.use(narrow);
  const Egress identity = Egress::to_identity_endpoint(perimeter_, {"token", "azure"}, Network::private_only);
  EXPECT_EQ(admitted(identity, {"127.0.0.1", "127.9.9.9", "::1", "172.16.0.1", "fe80::1"}),
            (Texts{"127.0.0.1", "127.9.9.9", "::1"}));
  EXPECT_TRUE(identity.admits(parse_address("127.0.0.1", 80).value()));
  const Egress deployment(perimeter_, {"deployment", "gpt-4o"}, Network::private_only);
  EXPECT_EQ(admitted(deployment, {"127.0.0.1", "::1"}), Texts{});
}

TEST_F(EgressTest, NewRulesHoldForThatWhichWasMadeBefore) {
  const Egress egress(perimeter_, {"redis", ""}, Network::private_only);
  const Address address = parse_address("10.1.2.3", 6379).value();
  EXPECT_TRUE(egress.admits(address));
  NetworkConfig narrow;
  narrow.private_ranges = {ipv4_range(10, 20, 0, 0, 16)};
  perimeter_.use(narrow);
  EXPECT_FALSE(egress.admits(address));
  EXPECT_EQ(perimeter_.refusals().size(), 0u);
}

TEST_F(EgressTest, ADeploymentBringsItsRuleAndItsPins) {
  Deployment deployment;
  deployment.name = "gpt-4o";
  deployment.network = Network::private_only;
  deployment.addresses = {"10.1.2.3", "203.0.113.7"};
  const Egress egress = Egress::to(perimeter_, deployment);
  EXPECT_EQ(egress.pinned(), deployment.addresses);
  EXPECT_EQ(admitted(egress, {"10.1.2.3", "203.0.113.7"}), Texts{"10.1.2.3"});
}

}  // namespace
}  // namespace tollgate::net
