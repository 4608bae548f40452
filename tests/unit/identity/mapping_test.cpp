#include "identity/mapping.hpp"
#include "test_issuer.hpp"

#include <gtest/gtest.h>

namespace tollgate::identity {
namespace {

using namespace test;

Claims claims_of(const Json& json) { return *parse_claims(json.dump()); }

TEST(ClaimRule, AsksForEveryFieldThatIsWritten) {
  ClaimRule rule;
  rule.apps = {"x", app};
  EXPECT_TRUE(matches(rule, claims_of(app_claims())));
  rule.tenant = tenant;
  rule.objects = {object};
  rule.roles = {"Chat.Invoke"};
  EXPECT_TRUE(matches(rule, claims_of(app_claims())));
  rule.roles = {"Chat.Other"};
  EXPECT_FALSE(matches(rule, claims_of(app_claims())));
  rule.roles.clear();
  rule.tenant = other_tenant;
  EXPECT_FALSE(matches(rule, claims_of(app_claims())));
}

TEST(ClaimRule, DoesNotTakeAUsersRoleForAnApplicationsPermission) {
  ClaimRule rule;
  rule.roles = {"Chat.Invoke"};
  Json user = user_claims();
  user["roles"] = {"Chat.Invoke"};
  EXPECT_FALSE(matches(rule, claims_of(user)));
  EXPECT_TRUE(matches(rule, claims_of(app_claims())));
  rule.scopes = {"Chat.Invoke"};
  EXPECT_TRUE(matches(rule, claims_of(user)));
  EXPECT_TRUE(matches(rule, claims_of(app_claims()))) << "either kind of caller brings its own";
}

TEST(ClaimRule, DoesNotTakeAScopeOfATokenWithoutUser) {
  ClaimRule rule;
  rule.scopes = {"Chat.Invoke"};
  EXPECT_FALSE(matches(rule, claims_of(app_claims())));
  EXPECT_TRUE(matches(rule, claims_of(user_claims())));
}

TEST(ClaimRule, FailsClosedWhenThereAreTooManyGroups) {
  ClaimRule rule;
  rule.groups = {"dddddddd-0000-0000-0000-000000000001"};
  Json user = user_claims();
  user["groups"] = {"DDDDDDDD-0000-0000-0000-000000000001"};
  EXPECT_TRUE(matches(rule, claims_of(user)));
  user.erase("groups");
  user["_claim_names"] = {{"groups", "src1"}};
  EXPECT_FALSE(matches(rule, claims_of(user)));
}

Config config_with(std::vector<Subscription> subscriptions) {
  Config config;
  for (auto& subscription : subscriptions) {
    subscription.index = config.subscriptions.size();
    config.subscriptions.push_back(std::make_unique<const Subscription>(std::move(subscription)));
  }
  return config;
}

TEST(Mapping, TakesTheFirstThatMatches) {
  Subscription broad, narrow;
  broad.name = "broad";
  broad.claims.emplace().roles = {"Chat.Invoke"};
  narrow.name = "narrow";
  narrow.claims.emplace().apps = {app};
  const Config config = config_with({narrow, broad});
  EXPECT_EQ(subscription_of(config, claims_of(app_claims()))->name, "narrow");
  Json stranger = app_claims();
  stranger["azp"] = "eeeeeeee-0000-0000-0000-000000000001";
  EXPECT_EQ(subscription_of(config, claims_of(stranger))->name, "broad");
  stranger.erase("roles");
  EXPECT_EQ(subscription_of(config, claims_of(stranger)), nullptr) << "anybody of the tenant can have such a token";
}

TEST(Mapping, PrefersAFingerprintToANameToASubject) {
  using Kind = CertificateRule::Kind;
  const auto with = [](const char* name, Kind kind, const char* text) {
    Subscription subscription;
    subscription.name = name;
    CertificateRule rule;
    rule.kind = kind;
    rule.text = text;
    subscription.certificates.push_back(rule);
    return subscription;
  };
  Subscription by_fingerprint = with("fingerprint", Kind::sha256, "");
  by_fingerprint.certificates[0].sha256[0] = 7;
  const Config config = config_with({with("subject", Kind::subject, "CN=a"), with("san", Kind::san, "a.example"), by_fingerprint});
  ClientCertificate certificate;
  certificate.subject = "CN=a";
  EXPECT_EQ(subscription_of(config, certificate)->name, "subject");
  certificate.names = {"b.example", "a.example"};
  EXPECT_EQ(subscription_of(config, certificate)->name, "san");
  certificate.sha256[0] = 7;
  EXPECT_EQ(subscription_of(config, certificate)->name, "fingerprint");
  EXPECT_EQ(subscription_of(config, ClientCertificate()), nullptr);
}

TEST(Mapping, LabelsACredentialForItsWholeLife) {
  KeyDigest digest{};
  digest[0] = 0x9f;
  digest[3] = 0x01;
  EXPECT_EQ(label_of(digest), "9f000001");
  Json later = app_claims();
  later["exp"] = now + 9000;
  EXPECT_EQ(label_of(claims_of(app_claims())), label_of(claims_of(later))) << "of who it is, not of the token";
}

}  // namespace
}  // namespace tollgate::identity
