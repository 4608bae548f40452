#include "limits/store.hpp"

#include "rules.hpp"

#include <gtest/gtest.h>

#include <map>

namespace tollgate::limits::store_test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t start = 1'795'444'200'000;

class Shelf : public Books {
 public:
  std::uint32_t meter(std::string_view key, std::chrono::milliseconds) override {
    keys.emplace_back(key);
    return static_cast<std::uint32_t>(keys.size() - 1);
  }
  std::vector<SlotUse> restored(std::string_view key) override { return kept[std::string(key)]; }
  void forget(std::uint32_t meter) override { forgotten.push_back(meter); }
  bool are_read() const override { return is_read; }

  bool is_read = true;
  std::vector<std::string> keys;
  std::vector<std::uint32_t> forgotten;
  std::map<std::string, std::vector<SlotUse>> kept;
};

TEST(Store, KeepsAPotOverAReloadWithTheNewLimit) {
  Store store(nullptr);
  SpendRule rule = sliding_rule(Measure::requests, 10, 1min);
  Pot& pot = store.fixed(rule, "web", start);
  pot.advance(start);
  pot.book(4);
  rule.amount = 5;
  EXPECT_EQ(&store.fixed(rule, "web", start), &pot);
  EXPECT_EQ(pot.limit(), 5);
  EXPECT_EQ(pot.room(), 1);
  EXPECT_NE(&store.fixed(rule, "mobile", start), &pot);
}

TEST(Store, RestoresWhatTheBooksKept) {
  Shelf books;
  books.kept["plan.budget|web"] = {{start - 30 * 60'000, 70}};
  Store store(&books);
  Pot& pot = store.fixed(budget_rule(Measure::tokens, 100, WindowKind::hour), "web", start);
  EXPECT_EQ(pot.room(), 30);
  const PotRef named = store.named(budget_rule(Measure::tokens, 100, WindowKind::hour), "web", "session-1", start);
  EXPECT_EQ(named->room(), 100);
  EXPECT_EQ(books.keys, (std::vector<std::string>{"plan.budget|web", "plan.budget|web|session-1"}));
}

TEST(Store, CallsAtATimeAreNoMatterForTheBooks) {
  Shelf books;
  Store store(&books);
  store.fixed(concurrent_rule(5), "web", start);
  EXPECT_TRUE(books.keys.empty());
}

TEST(Store, LetsGoOfNamedPotsThatHoldNothing) {
  Shelf books;
  Store store(&books);
  const SpendRule rule = sliding_rule(Measure::requests, 10, 1s);
  {
    const PotRef pinned = store.named(rule, "web", "a", start);
    pinned->lock();
    pinned->advance(start);
    pinned->book(1);
    pinned->unlock();
    const PotRef gone = store.named(rule, "web", "b", start);
  }
  const PotRef still_used = store.named(rule, "web", "c", start);
  for (int i = 0; i < 64; ++i) store.sweep(start + 100);
  EXPECT_EQ(store.named_pots(), 2U) << "b held nothing and nobody held it";
  for (int i = 0; i < 64; ++i) store.sweep(start + 10'000);
  EXPECT_EQ(store.named_pots(), 1U);
  EXPECT_EQ(books.forgotten.size(), 2U);
}

TEST(Store, BoundsTheNamesOfEachSubscriptionForItself) {
  Store store(nullptr, 3);
  const SpendRule rule = budget_rule(Measure::tokens, 100, WindowKind::day);
  std::vector<PotRef> pots;
  for (const char* name : {"1", "2", "3"}) pots.push_back(store.named(rule, "greedy", name, start));
  EXPECT_FALSE(store.named(rule, "greedy", "4", start));
  EXPECT_TRUE(store.named(rule, "greedy", "1", start)) << "known names go on";
  EXPECT_TRUE(store.named(rule, "other", "1", start));
}

TEST(Store, AddsWhatTheBooksKeptOnceTheyCouldBeRead) {
  Shelf shelf;
  shelf.is_read = false;
  Store store(&shelf);
  const SpendRule rule = budget_rule(Measure::requests, 10, WindowKind::day);
  Pot& pot = store.fixed(rule, "web", start);
  const PotRef named = store.named(rule, "web", "anna", start);
  pot.advance(start);
  pot.book(1);
  shelf.kept[pot.key()] = shelf.kept[named->key()] = {{pot.period().begin_ms, 4}};
  shelf.is_read = true;
  const PotRef later = store.named(rule, "web", "bert", start);
  store.restore_late(start);
  store.restore_late(start);
  EXPECT_EQ(pot.use(), 5);
  EXPECT_EQ(named->use(), 4);
  EXPECT_EQ(later->use(), 0);
}

TEST(Store, DoesNotGiveAnAlertAgainThatWasReachedBeforeTheRestart) {
  Shelf shelf;
  SpendRule rule = budget_rule(Measure::requests, 10, WindowKind::day);
  rule.alert_percent = {50, 100};
  Store before(nullptr);
  Pot& first = before.fixed(rule, "web", start);
  first.advance(start);
  shelf.kept[first.key()] = {{first.period().begin_ms, 6}};
  Store store(&shelf);
  Pot& pot = store.fixed(rule, "web", start);
  EXPECT_EQ(pot.newly_reached_alert(rule), 0);
  pot.book(4);
  EXPECT_EQ(pot.newly_reached_alert(rule), 100);
}

}  // namespace
}  // namespace tollgate::limits::store_test
