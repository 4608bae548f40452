#include "config/default_prices.hpp"
#include "config/load.hpp"
#include "config/time_zones.hpp"
#include "environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tollgate::config {
namespace {

class Spending : public testing::Test {
 protected:
  test::Environment environment_{test::Variables{{"AZURE_KEY", "azure-key"},
                                                 {"APP_KEY", "tg-app-key-0123456789"},
                                                 {"HOOK", "https://alerts.example/T0/B1"},
                                                 {"REDIS_PASSWORD", "redis-password"}}};

  // A configuration of one product, one subscription and what is asked for.
  static std::string text(const std::string& product, const std::string& more = "",
                          const std::string& subscription = "") {
    return "deployments:\n"
           "  big: {endpoint: https://a.example, model: gpt-4o, credential: {api_key: "
           "env:AZURE_KEY}}\n"
           "  small: {endpoint: https://a.example, model: gpt-4o-mini, credential: {api_key: "
           "env:AZURE_KEY}}\n"
           "models: {gpt-4o: {route: big}, gpt-4o-mini: {route: small}}\n"
           "products:\n"
           "  standard: {models: [gpt-4o, gpt-4o-mini]" +
           product +
           "}\n"
           "subscriptions:\n"
           "  web: {product: standard, cost_center: CC-1, keys: [env:APP_KEY]" +
           subscription + "}\n" + more;
  }

  static std::shared_ptr<const Config> loaded(const std::string& yaml) {
    Loaded loaded = load_text(yaml, "x.yaml");
    for (const Problem& p : loaded.problems) ADD_FAILURE() << to_text(p);
    return loaded.config;
  }

  static std::vector<std::string> names(const std::vector<SpendRule>& rules) {
    std::vector<std::string> out;
    for (const SpendRule& rule : rules) out.push_back(rule.name);
    return out;
  }
};

using Names = std::vector<std::string>;

TEST_F(Spending, IsNothingByDefault) {
  auto config = loaded(text(""));
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->products[0]->rules.empty());
  EXPECT_TRUE(config->subscriptions[0]->rules.empty());
  EXPECT_EQ(config->subscriptions[0]->cost_center_rules, nullptr);
  EXPECT_EQ(config->sharing.redis, "");
  EXPECT_EQ(config->alerts.webhook, "");
  EXPECT_EQ(config->ledger.path, "tollgate-ledger.db");
  EXPECT_EQ(config->models[0]->max_answer_tokens, 16'384);
}

TEST_F(Spending, ReadsLimitsOfOneMapping) {
  auto config =
      loaded(text(", limits: {requests: 600/minute, tokens: 100k/minute, concurrent: 50}"));
  ASSERT_TRUE(config);
  const auto& rules = config->products[0]->rules;
  EXPECT_EQ(names(rules),
            (Names{"standard.requests/minute", "standard.tokens/minute", "standard.concurrent"}));
  EXPECT_EQ(rules[0].amount, 600);
  EXPECT_EQ(rules[1].amount, 100'000);
  EXPECT_EQ(rules[2].amount, 50);
  EXPECT_EQ(rules[2].measure, Measure::concurrent);
  for (const SpendRule& rule : rules) {
    EXPECT_FALSE(rule.is_budget);
    EXPECT_EQ(rule.each, Scope::subscription);
    EXPECT_EQ(rule.window.kind, WindowKind::sliding);
    EXPECT_EQ(rule.at_limit, AtLimit::end);
    EXPECT_EQ(rule.where.line, 6);
  }
}

TEST_F(Spending, ReadsSeveralWindowsAndScopes) {
  auto config = loaded(text(
      ", limits: [{requests: [10/second, 600/hour, 5k/day]}, {tokens: 20k/minute, each: user, "
      "at_limit: finish}, {concurrent: 4, each: session}, {requests: 1k/second, each: product}]"));
  ASSERT_TRUE(config);
  const auto& rules = config->products[0]->rules;
  EXPECT_EQ(names(rules),
            (Names{"standard.requests/second", "standard.requests/60m", "standard.requests/24h",
                   "standard.tokens/minute.each-user", "standard.concurrent.each-session",
                   "standard.requests/second.each-product"}));
  EXPECT_EQ(rules[0].window.length, std::chrono::seconds(1));
  EXPECT_EQ(rules[1].window.length, std::chrono::hours(1));
  EXPECT_EQ(rules[2].window.length, std::chrono::hours(24));
  EXPECT_EQ(rules[3].at_limit, AtLimit::finish);
  EXPECT_EQ(rules[4].each, Scope::session);
  EXPECT_EQ(rules[5].each, Scope::product);
}

TEST_F(Spending, ReadsBudgetsOfTheCalendarAndOfALife) {
  auto config = loaded(text(
      ", budgets: [{money: $500/month, alert: [80%, 95%]}, {tokens: 200k/day, each: session, zone: "
      "Europe/Oslo}, {tokens: 1M, each: session, idle: 2h}, {requests: 5, each: key}, {money: "
      "$20/week, each: user, when_spent: gpt-4o-mini}, {money: $5/hour, each: task, mode: "
      "audit}]"));
  ASSERT_TRUE(config);
  const auto& rules = config->products[0]->rules;
  EXPECT_EQ(names(rules),
            (Names{"standard.money/month", "standard.tokens/day.each-session",
                   "standard.tokens/life.each-session", "standard.requests/life.each-key",
                   "standard.money/week.each-user", "standard.money/hour.each-task"}));
  EXPECT_EQ(rules[0].amount, 500'000'000'000);
  EXPECT_EQ(rules[0].alert_percent, (std::vector<int>{80, 95}));
  EXPECT_EQ(rules[0].window, (Window{WindowKind::month, Window{}.length, "UTC"}));
  EXPECT_EQ(rules[1].window, (Window{WindowKind::day, Window{}.length, "Europe/Oslo"}));
  EXPECT_EQ(rules[2].window, (Window{WindowKind::life, std::chrono::hours(2), "UTC"}));
  EXPECT_EQ(rules[3].window, (Window{WindowKind::life, std::chrono::hours(24), "UTC"}));
  EXPECT_EQ(rules[4].window.kind, WindowKind::week);
  EXPECT_EQ(rules[4].fall_to, config->models[1].get());
  EXPECT_EQ(rules[5].window.kind, WindowKind::hour);
  EXPECT_TRUE(rules[5].is_audit_only);
  EXPECT_TRUE(std::all_of(rules.begin(), rules.end(), [](const auto& r) { return r.is_budget; }));
}

TEST_F(Spending, ReadsWhatASubscriptionHasBesideItsProduct) {
  auto config =
      loaded(text(", limits: {requests: 600/minute}", "",
                  ", limits: {requests: 6/minute, each: user}, budgets: {money: $5/day}"));
  ASSERT_TRUE(config);
  EXPECT_EQ(names(config->products[0]->rules), (Names{"standard.requests/minute"}));
  EXPECT_EQ(names(config->subscriptions[0]->rules),
            (Names{"web.requests/minute.each-user", "web.money/day"}));
}

TEST_F(Spending, PointsSubscriptionsAtTheirCostCenter) {
  auto config = loaded(text("",
                            "cost_centers:\n  CC-1: {budgets: {money: $2000/month}, limits: "
                            "[{requests: 5/second, each: subscription}]}\n"));
  ASSERT_TRUE(config);
  ASSERT_EQ(config->cost_centers.size(), 1u);
  EXPECT_EQ(config->subscriptions[0]->cost_center_rules, config->cost_centers[0].get());
  const auto& rules = config->cost_centers[0]->rules;
  EXPECT_EQ(names(rules), (Names{"CC-1.requests/second.each-subscription", "CC-1.money/month"}));
  EXPECT_EQ(rules[0].each, Scope::subscription);
  EXPECT_EQ(rules[1].each, Scope::cost_center);
}

TEST_F(Spending, NamesEffectsOnlyBesideAStrongerRule) {
  const std::string hard = "{money: $30/day}";
  const std::string soft = "{money: $20/day, when_spent: gpt-4o-mini}";
  const std::string audit = "{money: $10/day, mode: audit}";
  auto named = [&](const std::string& budgets) {
    auto config = loaded(text(", budgets: [" + budgets + "]"));
    return config ? names(config->products[0]->rules) : Names{};
  };
  EXPECT_EQ(named(audit), (Names{"standard.money/day"}));
  EXPECT_EQ(named(soft), (Names{"standard.money/day"}));
  EXPECT_EQ(named(audit + ", " + hard), (Names{"standard.money/day.audit", "standard.money/day"}));
  EXPECT_EQ(named(audit + ", " + soft), (Names{"standard.money/day.audit", "standard.money/day"}));
  EXPECT_EQ(named(soft + ", " + audit + ", " + hard),
            (Names{"standard.money/day.to-gpt-4o-mini", "standard.money/day.audit",
                   "standard.money/day"}));
}

TEST_F(Spending, KeepsNamesApartWhenOwnersAreNamesakes) {
  std::string yaml = text(", limits: {requests: 5/second}",
                          "cost_centers: {standard: {limits: "
                          "{requests: 5/second}}}\n");
  auto replace_all = [&yaml](const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = yaml.find(from, at)) != std::string::npos; at += to.size())
      yaml.replace(at, from.size(), to);
  };
  replace_all("  web: {", "  standard: {limits: {requests: 5/second}, ");
  replace_all("CC-1", "standard");
  auto config = loaded(yaml);
  ASSERT_TRUE(config);
  EXPECT_EQ(names(config->products[0]->rules), (Names{"standard.requests/second"}));
  EXPECT_EQ(names(config->subscriptions[0]->rules),
            (Names{"subscription/standard.requests/second"}));
  EXPECT_EQ(names(config->cost_centers[0]->rules), (Names{"cost_center/standard.requests/second"}));
}

TEST_F(Spending, KeepsNamesWhenOrderAndAmountsChange) {
  auto before = loaded(text(", budgets: [{money: $5/day}, {tokens: 5k/day}]"));
  auto after =
      loaded(text(", limits: {tokens: 1k/day}, budgets: [{requests: 5/day}, {tokens: 9k/day, "
                  "zone: Europe/Oslo}, {money: $6/day, when_spent: gpt-4o-mini}]"));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(names(before->products[0]->rules),
            (Names{"standard.money/day", "standard.tokens/day"}));
  EXPECT_EQ(names(after->products[0]->rules), (Names{"standard.tokens/24h", "standard.requests/day",
                                                     "standard.tokens/day", "standard.money/day"}));
}

TEST_F(Spending, ReadsPricesOnTopOfTheBuiltInOnes) {
  auto config = loaded(text("",
                            "prices:\n"
                            "  gpt-4o: {input: $3, output: $12, batch: 40%, regional: 120%, "
                            "long_context: {above: 272k, input: $6, output: $24}}\n"
                            "  gpt-4o-mini: {from: 2027-01-01, input: $0.1, cached: $0.01, "
                            "cache_write: $0.2, output: $0.5, reasoning: $0.6}\n"));
  ASSERT_TRUE(config);
  std::vector<Price> big, small;
  for (const Price& price : config->prices) {
    if (price.model == "gpt-4o") big.push_back(price);
    if (price.model == "gpt-4o-mini") small.push_back(price);
  }
  ASSERT_EQ(big.size(), 1u);
  EXPECT_EQ(big[0].rates.input, 3'000'000);
  EXPECT_FALSE(big[0].rates.cached_input);
  EXPECT_EQ(big[0].batch_percent, 40);
  EXPECT_EQ(big[0].regional_percent, 120);
  EXPECT_EQ(big[0].long_context_above, 272'000);
  EXPECT_EQ(big[0].long_context.output, 24'000'000);
  EXPECT_EQ(big[0].where.line, 10);
  ASSERT_EQ(small.size(), 2u);
  EXPECT_EQ(small[0].rates.input, 150'000);
  EXPECT_EQ(small[0].where.line, 0);
  EXPECT_EQ(small[1].from, std::chrono::sys_days(std::chrono::year(2027) / 1 / 1));
  EXPECT_EQ(small[1].rates.cached_input, 10'000);
  EXPECT_EQ(small[1].rates.cache_write, 200'000);
  EXPECT_EQ(small[1].rates.reasoning, 600'000);
}

TEST_F(Spending, ReadsPricesOfADeployment) {
  std::string yaml = text(", budgets: {money: $5/day}");
  yaml.replace(yaml.find("model: gpt-4o,"), 14,
               "model: x, kind: ptu, units: 50, unit_price: $1.5/hour, capacity: {input: 3k/minute, answer_weight: 8}, scope: regional,");
  yaml.replace(yaml.find("model: gpt-4o-mini,"), 19, "model: y, prices: {input: $1, output: $2},");
  auto config = loaded(yaml);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->deployments[0]->unit_price, 1'500'000'000);
  EXPECT_EQ(config->deployments[0]->unit.input_a_minute, 3'000);
  EXPECT_EQ(config->deployments[0]->unit.answer_weight, 8);
  EXPECT_FALSE(config->deployments[0]->is_global);
  EXPECT_FALSE(config->deployments[0]->rates);
  ASSERT_TRUE(config->deployments[1]->rates);
  EXPECT_EQ(config->deployments[1]->rates->output, 2'000'000);
  EXPECT_TRUE(config->deployments[1]->is_global);
}

TEST_F(Spending, ReadsLedgerSharingAlertsAndTokens) {
  auto config = loaded(text(
      ", budgets: {money: $5/day, alert: [80%], when_unshared: last_lease}",
      "ledger: {path: /var/lib/l.db, flush: 1s, durability: strict, when_broken: closed, retain: "
      "40d}\n"
      "sharing: {redis: rediss://Cache.example/2, user: me, password: env:REDIS_PASSWORD, prefix: "
      "eu, mode: leased, lease: 5%, timeout: 20ms}\n"
      "alerts: {webhook: env:HOOK, token: env:APP_KEY}\n"
      "tokens: {default_encoding: cl100k_base, encodings: {gpt-4o: o200k_harmony}}\n"));
  ASSERT_TRUE(config);
  const LedgerConfig& ledger = config->ledger;
  EXPECT_EQ(ledger.path, "/var/lib/l.db");
  EXPECT_EQ(ledger.flush, std::chrono::seconds(1));
  EXPECT_TRUE(ledger.is_strict && ledger.closed_when_broken);
  EXPECT_EQ(ledger.retain, std::chrono::hours(40 * 24));
  const SharingConfig& sharing = config->sharing;
  EXPECT_EQ(sharing.redis, "rediss://cache.example:6379/2");
  EXPECT_EQ(sharing.user, "me");
  EXPECT_EQ(sharing.password.reveal(), "redis-password");
  EXPECT_EQ(sharing.prefix, "eu");
  EXPECT_EQ(sharing.mode, SharingMode::leased);
  EXPECT_EQ(sharing.lease_percent, 5);
  EXPECT_EQ(sharing.timeout, std::chrono::milliseconds(20));
  EXPECT_EQ(config->alerts.webhook, "https://alerts.example/T0/B1");
  EXPECT_EQ(config->alerts.webhook_token.reveal(), "tg-app-key-0123456789");
  EXPECT_EQ(config->tokens.default_encoding, "cl100k_base");
  EXPECT_EQ(config->tokens.encodings,
            (std::vector<std::pair<std::string, std::string>>{{"gpt-4o", "o200k_harmony"}}));
  EXPECT_EQ(config->products[0]->rules[0].when_unshared, WhenUnshared::last_lease);
}

TEST_F(Spending, NamesWhatOfItNeedsARestart) {
  auto plain = loaded(text(""));
  auto changed = loaded(
      text(", limits: {requests: 5/second}", "ledger: {when_broken: closed, retain: 50d}\n"));
  auto moved = loaded(text("", "ledger: {path: x.db, flush: 1s, durability: strict}\n"));
  auto shared = loaded(text("", "sharing: {redis: redis://a}\n"));
  auto other =
      loaded(text("",
                  "sharing: {redis: redis://b, prefix: x, mode: leased, lease: 3%, timeout: 1s, "
                  "user: u, password: env:REDIS_PASSWORD}\n"));
  ASSERT_TRUE(plain && changed && moved && shared && other);
  EXPECT_EQ(needs_restart(*plain, *changed), Names{});
  EXPECT_EQ(needs_restart(*plain, *moved),
            (Names{"ledger.path", "ledger.flush", "ledger.durability", "affinity.path"}));
  EXPECT_EQ(needs_restart(*plain, *shared), (Names{"sharing"}));
  EXPECT_EQ(needs_restart(*shared, *other),
            (Names{"sharing.redis", "sharing.user", "sharing.password", "sharing.prefix",
                   "sharing.mode", "sharing.lease", "sharing.timeout"}));
}

TEST_F(Spending, ReadsBackWhatItShows) {
  test::TemporaryFolder folder;
  for (const std::string& more :
       {std::string(), std::string("sharing: {redis: redis://a, mode: leased}\n")}) {
    std::string yaml = text(
        ", limits: [{requests: [10/second, 600/minute], tokens: 5k/minute}, {concurrent: 4}], "
        "budgets: "
        "[{money: $500/month, alert: [80%]}, {tokens: 1M, each: session}, {money: $5/hour, mode: "
        "audit}, "
        "{money: $1/day, when_spent: gpt-4o-mini}]",
        more +
            "prices: {gpt-4o: [{input: $1, output: $2}, {from: 2027-01-01, input: $2, output: $3, "
            "long_context: {above: 1M, input: $3, output: $4}}]}\n");
    Shown shown = show_defaults(folder.write("x.yaml", yaml));
    ASSERT_TRUE(shown.problems.empty()) << to_text(shown.problems[0]);
    auto first = loaded(yaml);
    auto second = loaded(shown.yaml);
    ASSERT_TRUE(first && second) << shown.yaml;
    EXPECT_EQ(names(first->products[0]->rules), names(second->products[0]->rules));
    for (const char* line : {"        each: subscription  # default\n",
                             "        zone: UTC  # default\n", "        idle: 24h  # default\n",
                             "      - concurrent: 4\n", "    input: $0.15  # default\n"})
      EXPECT_NE(shown.yaml.find(line), std::string::npos) << line << shown.yaml;
  }
}

TEST_F(Spending, RefusesThousandsOfWrongRulesInOneGo) {
  std::string limits;
  for (int i = 0; i < 2'000; ++i)
    limits += (i == 0 ? "" : ", ") + std::string("{requests: 5/min, each: usr}");
  Loaded loaded = load_text(text(", limits: [" + limits + "]"), "x.yaml");
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(loaded.problems.size(), 4'000u);
}

TEST(DefaultPrices, AreSortedAndEachModelStandsThereOnce) {
  std::vector<Price> prices = default_prices();
  EXPECT_GT(prices.size(), 30u);
  std::set<std::string> models;
  for (const Price& price : prices) {
    EXPECT_TRUE(models.insert(price.model).second) << price.model;
    EXPECT_GT(price.rates.input, 0) << price.model;
    EXPECT_LE(price.rates.cached_input.value_or(0), price.rates.input) << price.model;
    EXPECT_EQ(price.where.line, 0);
  }
  EXPECT_TRUE(std::is_sorted(prices.begin(), prices.end(),
                             [](const Price& a, const Price& b) { return a.model < b.model; }));
}

TEST(DefaultPrices, HaveOtherRatesForLongPrompts) {
  for (const Price& price : default_prices()) {
    bool is_long = price.model == "gpt-5.4" || price.model == "gpt-5.5";
    EXPECT_EQ(price.long_context_above, is_long ? 272'000 : 0) << price.model;
    if (is_long) {
      EXPECT_EQ(price.long_context.input, 2 * price.rates.input);
      EXPECT_EQ(price.long_context.output, price.rates.output * 3 / 2);
    }
  }
}

TEST(TimeZone, IsOneOfTheMachine) {
  for (const char* name : {"UTC", "Europe/Oslo", "America/Argentina/Ushuaia", "Etc/GMT+5"})
    EXPECT_TRUE(is_time_zone(name)) << name;
  for (const char* name :
       {"", "Europe", "Europe/", "/Europe/Oslo", "europe/oslo", "Mars/Olympus", "../passwd",
        "Europe/../Europe/Oslo", "posix/Europe/Oslo", "tzdata.zi", "UTC+1"})
    EXPECT_FALSE(is_time_zone(name)) << name;
  EXPECT_GT(time_zones().size(), 300u);
}

}  // namespace
}  // namespace tollgate::config
