// Who is let in: keys, tokens, certificates and their dates, with nothing behind the filter.
#include "base/branch.hpp"
#include "base/sha256.hpp"
#include "filters/filters.hpp"
#include "identity/key_book.hpp"
#include "identity/key_ring.hpp"
#include "net/loop.hpp"
#include "net/perimeter.hpp"
#include "telemetry/worker_metrics.hpp"
#include "upstream/upstreams.hpp"

#include "../identity/test_issuer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace tollgate {
namespace {

using namespace std::chrono_literals;
namespace issuer = identity::test;

class RecordingSink final : public ResponseSink {
 public:
  awaitable<Flow> head(const ResponseHead& head) override {
    status = head.status;
    for (const auto& header : head.headers) fields += std::string(header.name) + ": " + std::string(header.value) + "\n";
    return Flow::go_on;
  }
  awaitable<Flow> chunk(const Chunk& chunk) override {
    body.append(chunk.bytes);
    return Flow::go_on;
  }
  awaitable<Flow> flush() override { return Flow::go_on; }
  int status = 0;
  std::string fields;
  std::string body;
};

// Stands for the rest of the pipeline.
class Inside final : public Filter {
 public:
  awaitable<Outcome> handle(Exchange&, ResponseSink& out, Next) const override {
    ResponseHead head;
    static_cast<void>(out.head(head));
    return Outcome();
  }
};

const WallTime today = WallTime() + std::chrono::seconds(issuer::now);

Subscription with_key(const char* name, const char* key, Validity validity = {}) {
  Subscription subscription;
  subscription.name = name;
  SubscriptionKey one;
  one.digest = base::sha256(key);
  one.validity = validity;
  subscription.keys.push_back(one);
  return subscription;
}

// Runs one request through the filter.
class AccessTest : public testing::Test {
 protected:
  void add(Subscription subscription) {
    subscription.index = config_.subscriptions.size();
    config_.subscriptions.push_back(std::make_unique<const Subscription>(std::move(subscription)));
  }
  void trust_tokens() {
    config_.identity.entra = issuer::rules();
    ring_.reset(issuer::trusted().entries, 5min);
  }

  void call(std::vector<Header> headers, const std::string& query = {}) {
    if (!access_) {
      filters::Services services;
      services.key_ring = &ring_;
      services.runtime_access = runtime_;
      access_ = filters::make_access(config_, services);
    }
    sink_ = RecordingSink();
    const std::vector<std::shared_ptr<const Filter>> rest{std::make_shared<Inside>()};
    ex_ = std::make_unique<Exchange>(loop_, upstreams_);
    ex_->headers = headers;
    ex_->route.query = query;
    ex_->path_prefix = prefix_;
    ex_->config = &config_;
    ex_->certificate = certificate_;
    ex_->started_wall = at_;
    base::Result<Outcome> result;
    base::Branch branch = base::run(access_->handle(*ex_, sink_, Next(rest)), result);
    std::coroutine_handle<> nobody;
    branch.start(&nobody);
    if (!branch.is_done()) {
      net::Loop& loop = loop_;
      std::thread watch([&] {
        std::this_thread::sleep_for(150ms);
        loop.stop();
      });
      loop_.run();
      watch.join();
    }
    ASSERT_TRUE(branch.is_done());
  }
  void call_with_key(std::string_view key) { call({{"api-key", key, HeaderName::api_key}}); }
  void call_with_bearer(const std::string& token) {
    const std::string value = "Bearer " + token;
    call({{"authorization", value, HeaderName::authorization}});
  }
  bool is_told(const char* text) const { return sink_.body.find(text) != std::string::npos; }
  const Subscription* who() const { return ex_->subscription; }

  Config config_;
  identity::KeyRing ring_;
  std::shared_ptr<const identity::RuntimeAccess> runtime_;
  const ClientCertificate* certificate_ = nullptr;
  std::string prefix_;
  WallTime at_ = today;
  net::Loop loop_;
  telemetry::WorkerMetrics metrics_{1};
  net::Perimeter perimeter_;
  upstream::Upstreams upstreams_{loop_, perimeter_, metrics_};
  std::shared_ptr<const Filter> access_;
  std::unique_ptr<Exchange> ex_;
  RecordingSink sink_;
};

TEST_F(AccessTest, FindsTheSubscriptionOfAKeyWhereverItIsSent) {
  add(with_key("payments", "tg-good-key"));
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 200);
  EXPECT_EQ(who()->name, "payments");
  const std::string label = ex_->key_label;
  EXPECT_EQ(label.size(), 8u);
  call_with_bearer("tg-good-key");
  EXPECT_EQ(sink_.status, 200);
  call({{"Ocp-Apim-Subscription-Key", "tg-good-key", HeaderName::ocp_apim_subscription_key}});
  EXPECT_EQ(sink_.status, 200);
  call({}, "subscription-key=tg-good-key");
  EXPECT_EQ(sink_.status, 200);
  EXPECT_EQ(ex_->key_label, label);
}

TEST_F(AccessTest, RefusesAnUnknownKeyAndNone) {
  add(with_key("payments", "tg-good-key"));
  call_with_key("tg-other-key");
  EXPECT_EQ(sink_.status, 401);
  EXPECT_TRUE(is_told("invalid_api_key"));
  EXPECT_EQ(sink_.fields, "www-authenticate: Bearer realm=\"tollgate\"\n");
  call({});
  EXPECT_EQ(sink_.status, 401);
  EXPECT_EQ(who(), nullptr);
}

TEST_F(AccessTest, KeepsToTheDatesOfAKey) {
  add(with_key("payments", "tg-good-key", {today - 1h, today + 1h}));
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 200);
  at_ = today - 2h;
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 401);
  EXPECT_TRUE(is_told("not valid yet"));
  at_ = today + 1h;
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 401);
  EXPECT_TRUE(is_told("has expired"));
}

TEST_F(AccessTest, KeepsToTheDatesOfASubscription) {
  auto subscription = with_key("payments", "tg-good-key");
  subscription.validity = {today, today + 1h};
  add(std::move(subscription));
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 200);
  at_ = today - 1s;
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 403);
  EXPECT_TRUE(is_told("subscription_suspended"));
  at_ = today + 1h;
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 403);
  EXPECT_TRUE(is_told("has ended"));
}

TEST_F(AccessTest, TakesKeysAndSuspensionsOfTheAdminPlane) {
  add(with_key("payments", "tg-good-key"));
  add(with_key("search", "tg-search-key"));
  auto runtime = std::make_shared<identity::RuntimeAccess>();
  identity::RuntimeKey key;
  key.subscription = "payments";
  key.digest = base::sha256("tg-runtime-key");
  runtime->keys.push_back(key);
  key.subscription = "gone";
  key.digest = base::sha256("tg-orphan-key");
  runtime->keys.push_back(key);
  runtime->suspended.insert("search");
  runtime_ = runtime;
  call_with_key("tg-runtime-key");
  EXPECT_EQ(sink_.status, 200);
  EXPECT_EQ(who()->name, "payments");
  call_with_key("tg-orphan-key");
  EXPECT_EQ(sink_.status, 401);
  call_with_key("tg-search-key");
  EXPECT_EQ(sink_.status, 403);
}

TEST_F(AccessTest, LetsNobodyElseUseAPrefix) {
  auto team = with_key("team-a", "tg-team-key");
  team.path_prefix = "/team-a";
  add(std::move(team));
  add(with_key("payments", "tg-good-key"));
  prefix_ = "/team-a";
  call_with_key("tg-team-key");
  EXPECT_EQ(sink_.status, 200);
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 401);
}

TEST_F(AccessTest, MapsTheClaimsOfATokenToASubscription) {
  trust_tokens();
  Subscription subscription;
  subscription.name = "payments";
  subscription.claims.emplace().apps = {issuer::app};
  add(std::move(subscription));
  const auto token = issuer::token_of(issuer::app_claims());
  for (int i = 0; i < 2; ++i) {  // the second time from the cache
    call_with_bearer(token);
    EXPECT_EQ(sink_.status, 200);
    EXPECT_EQ(who()->name, "payments");
    EXPECT_EQ(ex_->key_label.size(), 8u);
  }
}

TEST_F(AccessTest, RefusesAKnownTokenWhenItHasExpired) {
  trust_tokens();
  Subscription subscription;
  subscription.claims.emplace().apps = {issuer::app};
  add(std::move(subscription));
  auto claims = issuer::app_claims();
  claims["exp"] = issuer::now + 100;
  const auto token = issuer::token_of(claims);
  call_with_bearer(token);
  EXPECT_EQ(sink_.status, 200);
  at_ = today + 399s;
  call_with_bearer(token);
  EXPECT_EQ(sink_.status, 200) << "within the skew";
  at_ = today + 400s;
  call_with_bearer(token);
  EXPECT_EQ(sink_.status, 401);
}

TEST_F(AccessTest, SaysWhatIsWrongWithAToken) {
  trust_tokens();
  auto claims = issuer::app_claims();
  claims["exp"] = issuer::now - 4000;
  call_with_bearer(issuer::token_of(claims));
  EXPECT_EQ(sink_.status, 401);
  EXPECT_TRUE(is_told("invalid_api_key"));
  EXPECT_EQ(sink_.fields, "www-authenticate: Bearer realm=\"tollgate\", error=\"invalid_token\", "
                          "error_description=\"The token has expired\"\n");
}

TEST_F(AccessTest, RefusesAValidTokenOfNoSubscriptionWith403) {
  trust_tokens();
  Subscription subscription;
  subscription.claims.emplace().roles = {"Chat.Other"};
  add(std::move(subscription));
  call_with_bearer(issuer::token_of(issuer::app_claims()));
  EXPECT_EQ(sink_.status, 403);
  EXPECT_TRUE(is_told("access_denied"));
  EXPECT_NE(sink_.fields.find("insufficient_scope"), std::string::npos);
}

TEST_F(AccessTest, AnswersTokensWith503UntilKeysAreLoadedAndKeysAsEver) {
  config_.identity.entra = issuer::rules();
  ring_.reset({{issuer::tenant, identity::TokenVersion::v2, nullptr}}, 5min);
  add(with_key("payments", "tg-good-key"));
  call_with_bearer(issuer::token_of(issuer::app_claims()));
  EXPECT_EQ(sink_.status, 503);
  EXPECT_TRUE(is_told("identity_unavailable"));
  EXPECT_NE(sink_.fields.find("retry-after: 5"), std::string::npos);
  call_with_key("tg-good-key");
  EXPECT_EQ(sink_.status, 200);
}

TEST_F(AccessTest, WaitsForTheKeysThatATokenNames) {
  trust_tokens();
  Subscription subscription;
  subscription.claims.emplace().apps = {issuer::app};
  add(std::move(subscription));
  const issuer::Signer next("key-2");
  std::thread fetching;
  ring_.on_ask([&](std::size_t which) {
    EXPECT_EQ(which, 1u);
    fetching = std::thread([&] {
      std::this_thread::sleep_for(30ms);
      ring_.end_fetch(1, issuer::issuer_of(identity::TokenVersion::v2, issuer::keys_of(next)));
    });
  });
  call_with_bearer(issuer::token_of(issuer::app_claims(), next));
  fetching.join();
  EXPECT_EQ(sink_.status, 200);
}

TEST_F(AccessTest, RefusesATokenWhoseKeyNobodyKnows) {
  trust_tokens();
  const issuer::Signer stranger("key-9");
  call_with_bearer(issuer::token_of(issuer::app_claims(), stranger));
  EXPECT_EQ(sink_.status, 401) << "nobody fetches in this test, so there is nothing to wait for";
}

TEST_F(AccessTest, TakesAClientCertificateWhereNoKeyIsSentOrAnUnknownOne) {
  Subscription subscription = with_key("payments", "tg-good-key");
  add(std::move(subscription));
  Subscription machine;
  machine.name = "machine";
  CertificateRule rule;
  rule.kind = CertificateRule::Kind::san;
  rule.text = "machine.example";
  machine.certificates.push_back(rule);
  add(std::move(machine));
  ClientCertificate certificate;
  certificate.names = {"machine.example"};
  certificate.expires = today + 1h;
  certificate_ = &certificate;
  call({});
  EXPECT_EQ(sink_.status, 200);
  EXPECT_EQ(who()->name, "machine");
  call_with_key("unused");
  EXPECT_EQ(who()->name, "machine") << "SDKs insist on sending some key";
  call_with_key("tg-good-key");
  EXPECT_EQ(who()->name, "payments") << "who names a subscription means it";
  at_ = today + 1h;
  call({});
  EXPECT_EQ(sink_.status, 401) << "the connection outlived the certificate";
  at_ = today;
  certificate.names = {"other.example"};
  call({});
  EXPECT_EQ(sink_.status, 403);
}

}  // namespace
}  // namespace tollgate
