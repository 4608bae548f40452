#include "credentials/schedule.hpp"

#include <gtest/gtest.h>

namespace tollgate::credentials {
namespace {

using namespace std::chrono_literals;

constexpr auto machine = CredentialKind::managed_identity;
constexpr auto tenant = CredentialKind::client_secret;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

TEST(Refresh, IsAtTheHalfOfALongLife) {
  EXPECT_NEAR(seconds(refresh_after(86'400s, 0s, 0.5)), 43'200, 1);
  EXPECT_NEAR(seconds(refresh_after(7'200s, 0s, 0.5)), 3'600, 1);
}

TEST(Refresh, IsFiveMinutesBeforeTheEndOfAShortLife) {
  EXPECT_NEAR(seconds(refresh_after(3'599s, 0s, 0.5)), 3'164, 1);  // the middle of what chance may choose
  for (double chance : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const double at = seconds(refresh_after(3'599s, 0s, chance));
    EXPECT_GE(at, 0.9 * 3'299 - 1);
    EXPECT_LE(at, 3'599 - 240 + 1) << "several attempts must fit in before the end";
  }
}

TEST(Refresh, FollowsAdvice) {
  EXPECT_NEAR(seconds(refresh_after(86'400s, 1'000s, 0.5)), 1'000, 1);
  EXPECT_NEAR(seconds(refresh_after(86'400s, 1'000s, 0.0)), 900, 1);
  EXPECT_NEAR(seconds(refresh_after(86'400s, 1'000s, 1.0)), 1'100, 1);
  EXPECT_NEAR(seconds(refresh_after(3'600s, 9'000s, 0.5)), 3'165, 1) << "advice beyond the end is none";
}

TEST(Refresh, ComesBeforeTheEndHoweverShortTheLife) {
  for (int life = 1; life < 700; ++life) {
    for (double chance : {0.0, 1.0}) {
      const Duration at = refresh_after(std::chrono::seconds(life), 0s, chance);
      EXPECT_GT(at, Duration::zero()) << life;
      EXPECT_LT(at, std::chrono::seconds(life)) << life;
    }
  }
  EXPECT_LT(refresh_after(10s, 9s, 1.0), 10s);
}

TEST(Retry, OfAMachinesEndpointIsAsItAsks) {
  // 404 and 410: the service is being updated; 429 and 5xx as everywhere; 0: no answer.
  for (int status : {0, 404, 410, 429, 500, 503}) {
    EXPECT_FALSE(is_refusal(machine, status));
    EXPECT_EQ(retry_after(machine, {status}, 1, 0s, 0.5), 0s);
    EXPECT_NEAR(seconds(retry_after(machine, {status}, 2, 0s, 0.5)), 2, 0.01);
    EXPECT_NEAR(seconds(retry_after(machine, {status}, 3, 0s, 0.5)), 6, 0.01);
    EXPECT_NEAR(seconds(retry_after(machine, {status}, 4, 0s, 0.5)), 14, 0.01);
    EXPECT_NEAR(seconds(retry_after(machine, {status}, 5, 0s, 0.5)), 30, 0.01);
    EXPECT_NEAR(seconds(retry_after(machine, {status}, 99, 0s, 0.5)), 30, 0.01);
  }
}

TEST(Retry, OfATenantBacksOff) {
  for (int status : {0, 408, 429, 500, 503}) {
    EXPECT_FALSE(is_refusal(tenant, status));
    EXPECT_NEAR(seconds(retry_after(tenant, {status}, 1, 0s, 0.5)), 1, 0.01);
    EXPECT_NEAR(seconds(retry_after(tenant, {status}, 5, 0s, 0.5)), 30, 0.01);
  }
}

TEST(Retry, FollowsAdvice) {
  EXPECT_EQ(retry_after(tenant, {429, 17s}, 1, 0s, 0.5), 17s);
  EXPECT_EQ(retry_after(tenant, {429, 3h}, 1, 0s, 0.5), 5min) << "not a whole morning";
  EXPECT_NEAR(seconds(retry_after(tenant, {503, 1s}, 5, 0s, 0.5)), 30, 0.01) << "nor faster than we would";
}

TEST(Retry, AfterARefusalWaitsForSomebodyToMendIt) {
  for (int status : {400, 401, 403}) {
    EXPECT_TRUE(is_refusal(machine, status));
    EXPECT_TRUE(is_refusal(tenant, status));
    EXPECT_NEAR(seconds(retry_after(tenant, {status}, 1, 0s, 0.5)), 30, 0.01);
    EXPECT_NEAR(seconds(retry_after(machine, {status}, 9, 0s, 0.5)), 30, 0.01);
  }
  EXPECT_TRUE(is_refusal(tenant, 404)) << "no such tenant";
}

TEST(Retry, WithATokenAtHandTriesSeveralTimesBeforeItEnds) {
  EXPECT_NEAR(seconds(retry_after(machine, {503}, 7, 280s, 0.5)), 30, 0.01);
  EXPECT_NEAR(seconds(retry_after(machine, {503}, 7, 20s, 0.5)), 5, 0.01);
  EXPECT_NEAR(seconds(retry_after(machine, {503}, 7, 100ms, 0.5)), 1, 0.01);
}

TEST(Retry, BeginsAnewWhenTheTokenHasEnded) {
  for (const auto kind : {machine, tenant}) {
    Retries outage, cold_start;
    EXPECT_FALSE(outage.is_failing());
    for (int i = 0; i < 9; ++i) outage.fail(kind, {503}, 1s, 0.5);
    EXPECT_TRUE(outage.is_failing());
    for (int i = 0; i < 6; ++i) {
      EXPECT_EQ(outage.fail(kind, {503}, 0s, 0.5), cold_start.fail(kind, {503}, 0s, 0.5)) << "calls are turned away: " << i;
    }
  }
}

TEST(Retry, IsSpreadByChance) {
  EXPECT_NEAR(seconds(retry_after(tenant, {503}, 5, 0s, 0.0)), 27, 0.01);
  EXPECT_NEAR(seconds(retry_after(tenant, {503}, 5, 0s, 1.0)), 33, 0.01);
}

}  // namespace
}  // namespace tollgate::credentials
