#include "config/values.hpp"

#include <gtest/gtest.h>

namespace tollgate::config {
namespace {

using namespace std::chrono_literals;

TEST(Duration, TakesMillisecondsSecondsMinutesAndHours) {
  Fault fault;
  EXPECT_EQ(parse_duration("250ms", fault), Milliseconds(250));
  EXPECT_EQ(parse_duration("30s", fault), Milliseconds(30s));
  EXPECT_EQ(parse_duration("10m", fault), Milliseconds(10min));
  EXPECT_EQ(parse_duration("1h", fault), Milliseconds(1h));
  EXPECT_EQ(parse_duration("0s", fault), Milliseconds(0));
}

TEST(Duration, RefusesWhatHasNoKnownUnit) {
  for (const char* text : {"", "s", "30", "30 s", "1.5s", "-1s", "+1s", "30S", "1d", "0x1s"}) {
    Fault fault;
    EXPECT_FALSE(parse_duration(text, fault)) << text;
    EXPECT_FALSE(fault.message.empty()) << text;
  }
}

TEST(Duration, ReadsBackWhatItPrints) {
  for (auto duration : {Milliseconds(0), Milliseconds(1), Milliseconds(90'500), Milliseconds(120s),
                        Milliseconds(620s), Milliseconds(10min), Milliseconds(3h)}) {
    Fault fault;
    EXPECT_EQ(parse_duration(to_text(duration), fault), duration) << to_text(duration);
  }
}

TEST(Size, TakesBinaryUnits) {
  Fault fault;
  EXPECT_EQ(parse_size("500B", fault), 500u);
  EXPECT_EQ(parse_size("64KiB", fault), 64u * 1024);
  EXPECT_EQ(parse_size("32MiB", fault), 32u * 1024 * 1024);
  EXPECT_EQ(parse_size("1GiB", fault), 1024u * 1024 * 1024);
}

TEST(Size, SuggestsTheBinaryUnitForADecimalOne) {
  Fault fault;
  EXPECT_FALSE(parse_size("64kb", fault));
  EXPECT_EQ(fault.suggestion, "64KiB");
}

TEST(Size, RefusesWhatDoesNotFit) {
  Fault fault;
  EXPECT_FALSE(parse_size("9223372036854775807KiB", fault));
  EXPECT_FALSE(parse_size("99999999999999999999999B", fault));
}

TEST(Rate, CountsTokensAMinute) {
  Fault fault;
  EXPECT_EQ(parse_rate("450k/minute", fault), 450'000);
  EXPECT_EQ(parse_rate("90000/minute", fault), 90'000);
  EXPECT_EQ(parse_rate("2M/minute", fault), 2'000'000);
  EXPECT_FALSE(parse_rate("450k/second", fault));
}

TEST(ListenAddress, TakesAddressesAndLocalhost) {
  Fault fault;
  EXPECT_EQ(to_text(*parse_listen("127.0.0.1:8080", fault)), "127.0.0.1:8080");
  EXPECT_EQ(to_text(*parse_listen("0.0.0.0:0", fault)), "0.0.0.0:0");
  EXPECT_EQ(to_text(*parse_listen("[::1]:8080", fault)), "[::1]:8080");
  EXPECT_EQ(parse_listen("localhost:1", fault)->host, "127.0.0.1");
}

TEST(ListenAddress, RefusesWhatIsNotSaidInFull) {
  for (const char* text : {"", ":", ":8080", "8080", "127.0.0.1", "127.0.0.1:", "::1:8080", "[::1]",
                           "[]:80", "[127.0.0.1]:80", "[localhost]:80", "1.2.3:80",
                           "127.0.0.1:65536", "127.0.0.1:80a", "[::1]x:80", "host:80"}) {
    Fault fault;
    EXPECT_FALSE(parse_listen(text, fault)) << text;
  }
}

TEST(Endpoint, IsTakenApart) {
  Fault fault;
  auto endpoint = parse_endpoint("HTTPS://Contoso.OpenAI.azure.com/", fault);
  ASSERT_TRUE(endpoint);
  EXPECT_TRUE(endpoint->is_tls);
  EXPECT_EQ(endpoint->host, "contoso.openai.azure.com");
  EXPECT_EQ(endpoint->port, 443);
  EXPECT_EQ(endpoint->base_path, "");
  EXPECT_EQ(endpoint->authority, "contoso.openai.azure.com");
}

TEST(Endpoint, KeepsPortAndBasePath) {
  Fault fault;
  auto endpoint = parse_endpoint("http://127.0.0.1:9001/base/path/", fault);
  ASSERT_TRUE(endpoint);
  EXPECT_FALSE(endpoint->is_tls);
  EXPECT_EQ(endpoint->port, 9001);
  EXPECT_EQ(endpoint->base_path, "/base/path");
  EXPECT_EQ(endpoint->authority, "127.0.0.1:9001");
}

TEST(Endpoint, LeavesTheUsualPortOutOfTheAuthority) {
  Fault fault;
  EXPECT_EQ(parse_endpoint("https://a.example:443", fault)->authority, "a.example");
  EXPECT_EQ(parse_endpoint("http://a.example:443", fault)->authority, "a.example:443");
}

TEST(Endpoint, TakesIpv6InBrackets) {
  Fault fault;
  auto endpoint = parse_endpoint("https://[fd00::1]:8443", fault);
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "fd00::1");
  EXPECT_EQ(endpoint->authority, "[fd00::1]:8443");
}

TEST(Endpoint, RefusesWhatIsNotAnAddressOfAResource) {
  for (const char* text : {"",
                           "https://",
                           "ftp://a.example",
                           "a.example",
                           "https:///x",
                           "https://a b",
                           "https://a..b",
                           "https://-a.example",
                           "https://a.example:",
                           "https://a.example:0",
                           "https://a.example:1:2",
                           "https://u:p@a.example",
                           "https://a.example?x",
                           "https://a.example#x",
                           "https://[::1",
                           "https://[zz]",
                           "https://1.2.3.4.5",
                           "https://a.example//x",
                           "https://a.example/../x",
                           "https://a.example/openai",
                           "https://a.example/openai/v1",
                           "https://a.example/a%2fb",
                           "https://a.example/x\r\nEvil: 1"}) {
    Fault fault;
    EXPECT_FALSE(parse_endpoint(text, fault)) << text;
  }
}

TEST(Endpoint, NeverShowsACredentialThatWasPutIntoIt) {
  Fault fault;
  EXPECT_FALSE(parse_endpoint("https://user:hunter2@a.example/openai", fault));
  EXPECT_EQ((fault.message + fault.suggestion).find("hunter2"), std::string::npos);
}

TEST(Loopback, IsThisMachineOnly) {
  for (const char* host : {"localhost", "127.0.0.1", "127.8.8.8", "::1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"127.evil.example", "10.0.0.1", "localhost.example", "::2", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(PathPrefix, StaysClearOfTheApi) {
  Fault fault;
  EXPECT_EQ(parse_path_prefix("/team-a", fault), "/team-a");
  EXPECT_EQ(parse_path_prefix("/a/b.c", fault), "/a/b.c");
  EXPECT_EQ(parse_path_prefix("/openai-team", fault), "/openai-team");
  for (const char* text : {"", "/", "a", "/a/", "//a", "/a//b", "/./a", "/..", "/openai", "/v1/x",
                           "/a b", "/a?b", "/a%20b"}) {
    EXPECT_FALSE(parse_path_prefix(text, fault)) << text;
  }
}

}  // namespace
}  // namespace tollgate::config
