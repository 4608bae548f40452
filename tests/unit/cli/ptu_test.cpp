// Sizes, percentiles, spill and costs of reserved capacity.
#include "cli/ptu/advice.hpp"
#include "cli/ptu/picture.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace tollgate::cli {
namespace {

constexpr std::int64_t dollar = 1'000'000'000;
using Kind = Alternative::Kind;

UnitSize gpt_4o(DeploymentScope scope = DeploymentScope::global) { return unit_size("gpt-4o", scope); }

TEST(PtuLoad, CountsUncachedInputAndWeighsAnswers) {
  struct Case {
    Tokens tokens;
    std::int64_t weight;
    std::int64_t load;
  };
  for (const Case& c : {Case{{1, 1'000, 0, 0}, 4, 1'000}, Case{{1, 1'000, 400, 100}, 4, 1'000},
                        Case{{1, 1'000, 1'000, 100}, 8, 800}, Case{{1, 0, 0, 0}, 4, 0},
                        Case{{1, 1'000, 2'000, 10}, 4, 40}})  // more cached than sent counts as all
    EXPECT_EQ(load_of(c.tokens, c.weight), c.load);
}

TEST(PtuUnits, AreSoldInSizesOfModelAndDeploymentType) {
  struct Case {
    const char* model;
    DeploymentScope scope;
    std::int64_t load;
    int units;
  };
  constexpr auto global = DeploymentScope::global, zone = DeploymentScope::data_zone,
                 regional = DeploymentScope::regional;
  for (const Case& c : {Case{"gpt-4o", global, 0, 0}, Case{"gpt-4o", global, 1, 15},
                        Case{"gpt-4o", global, 15 * 2'500, 15}, Case{"gpt-4o", global, 15 * 2'500 + 1, 20},
                        Case{"gpt-4o", zone, 20 * 2'500 + 1, 25}, Case{"gpt-4o", regional, 1, 50},
                        Case{"gpt-4o", regional, 50 * 2'500 + 1, 100},
                        Case{"gpt-4o-mini", regional, 1, 25}, Case{"gpt-4o-mini", regional, 26 * 37'000, 50},
                        Case{"gpt-4o-2024-11-20", global, 100 * 2'500, 100},
                        Case{"gpt-5", global, 15 * 4'750 + 1, 20}, Case{"gpt-5-mini", global, 20 * 23'750, 20},
                        Case{"o4-mini", regional, 25 * 5'400 + 1, 50}, Case{"o1", global, 230 * 16, 20}})
    EXPECT_EQ(units_for(c.load, unit_size(c.model, c.scope)), c.units) << c.model << ' ' << c.load;
}

TEST(PtuUnits, OfAModelThatIsNotSoldAreNotKnown) {
  for (const char* model : {"text-embedding-3-small", "gpt-5-nano", "gpt-5-pro", "gpt-5.4-mini", "my-model"})
    EXPECT_EQ(unit_size(model, DeploymentScope::global).tokens_a_minute, 0) << model;
}

TEST(PtuUnits, HeadRoomIsRoundedUp) {
  EXPECT_EQ(with_head_room(100, 20), 120);
  EXPECT_EQ(with_head_room(101, 20), 122);
  EXPECT_EQ(with_head_room(101, 0), 101);
  EXPECT_EQ(with_head_room(0, 20), 0);
}

// Minutes one after another; a token costs a thousandth of a dollar.
std::vector<LoadMinute> minutes_of(const std::vector<std::int64_t>& loads) {
  std::vector<LoadMinute> minutes;
  for (std::size_t i = 0; i < loads.size(); ++i)
    if (loads[i] > 0)
      minutes.push_back({.minute = static_cast<std::int64_t>(i), .load = loads[i], .cost = loads[i] * dollar / 1'000});
  return minutes;
}

TEST(PtuCurve, PercentilesAreOfAllMinutesOfTheStretch) {
  const LoadCurve curve(minutes_of({10, 40, 20, 30}), 10);
  EXPECT_EQ(curve.peak(), 40);
  EXPECT_EQ(curve.busy_minutes(), 4);
  EXPECT_DOUBLE_EQ(curve.average(), 10);
  for (auto [thousandths, load] : {std::pair{1000, 40}, {950, 40}, {900, 30}, {899, 30}, {800, 20}, {700, 10},
                                   {600, 0}, {500, 0}, {0, 0}})
    EXPECT_EQ(curve.percentile(thousandths), load) << thousandths;
  EXPECT_EQ(LoadCurve({}, 0).percentile(990), 0);
}

TEST(PtuCurve, WhatIsAboveACapacitySpillsAtTheMinutesOwnPrice) {
  auto minutes = minutes_of({10, 40, 20, 30});
  minutes[1].cost *= 2;
  const LoadCurve curve(minutes, 10);
  const Spill spill = curve.above(25);
  EXPECT_EQ(spill.minutes, 2);
  EXPECT_DOUBLE_EQ(spill.load, 15 + 5);
  EXPECT_DOUBLE_EQ(spill.cost, (15 * 2 + 5) * 1e6);
  EXPECT_EQ(curve.above(40).minutes, 0);
  EXPECT_DOUBLE_EQ(curve.above(0).load, 100);
}

// A day of which every tenth minute has 60,000 tokens and one has 100,000. Dear enough to pay off.
std::vector<LoadMinute> a_day() {
  std::vector<std::int64_t> loads(1'440);
  for (std::size_t i = 0; i < loads.size(); i += 10) loads[i] = 60'000;
  loads[5] = 100'000;
  return minutes_of(loads);
}

Terms terms_at(std::optional<std::int64_t> unit_price) {
  Terms terms;
  terms.size = gpt_4o();
  terms.unit_price = unit_price;
  return terms;
}

Advice advise(const std::vector<LoadMinute>& minutes, const Terms& terms) {
  return advise(minutes, LoadCurve(minutes, 1'440), terms);
}

TEST(PtuAdvice, SizesForThePeakAndForPercentiles) {
  const Advice advice = advise(a_day(), terms_at(dollar));
  EXPECT_EQ(advice.needed_load, 120'000);
  EXPECT_EQ(advice.recommended, 50);  // 48 would do, sold are 45 and 50
  ASSERT_EQ(advice.alternatives.size(), 5u);
  EXPECT_EQ(advice.alternatives[0].kind, Kind::payg);
  EXPECT_EQ(advice.alternatives[0].units, 0);
  EXPECT_EQ(advice.alternatives[1].units, 50);
  EXPECT_EQ(advice.alternatives[2].units, 25);  // p99 is 60,000
  EXPECT_EQ(advice.alternatives[3].units, 25);
}

TEST(PtuAdvice, CostsAMonthOf730Hours) {
  const Advice advice = advise(a_day(), terms_at(dollar));
  // 144 minutes of $60 and one of $100 in a day; a month has 730/24 of those.
  const std::int64_t all = std::llround((144 * 60 + 100) * 730 / 24.0 * 1e9);
  EXPECT_EQ(advice.alternatives[0].payg_cost, all);
  EXPECT_EQ(advice.alternatives[0].units_cost, 0);
  EXPECT_EQ(advice.alternatives[0].total, all);
  EXPECT_EQ(advice.alternatives[1].units_cost, 50 * 730 * dollar);
  EXPECT_EQ(advice.alternatives[1].payg_cost, 0);
  const Alternative& p99 = advice.alternatives[2];
  EXPECT_EQ(p99.payg_cost, std::llround(37'500 * 730 / 24.0 * 1e6));  // what is above 62,500, once a day
  EXPECT_DOUBLE_EQ(p99.spilled, 37'500.0 / (144 * 60'000 + 100'000));
  EXPECT_DOUBLE_EQ(p99.minutes_above, 1.0 / 1'440);
  EXPECT_EQ(p99.even_price, (all - *p99.payg_cost) / (25 * 730));
}

TEST(PtuAdvice, TheCheapestIsTriedOverAllSizes) {
  EXPECT_EQ(advise(a_day(), terms_at(dollar)).alternatives[4].units, 25);
  EXPECT_EQ(advise(a_day(), terms_at(1'000 * dollar)).alternatives[4].units, 0);
  EXPECT_EQ(advise(a_day(), terms_at(1)).alternatives[4].units, 40);
}

TEST(PtuAdvice, WithoutAPriceOfAUnitNothingIsMadeUp) {
  const Advice advice = advise(a_day(), terms_at(std::nullopt));
  ASSERT_EQ(advice.alternatives.size(), 4u);
  EXPECT_EQ(advice.alternatives[1].units_cost, std::nullopt);
  EXPECT_EQ(advice.alternatives[1].total, std::nullopt);
  EXPECT_TRUE(advice.alternatives[1].even_price);
  EXPECT_EQ(advice.alternatives[0].total, advise(a_day(), terms_at(dollar)).alternatives[0].total);
}

TEST(PtuAdvice, WithoutAPriceOfTokensOnlyUnitsHaveACost) {
  Terms terms = terms_at(dollar);
  terms.is_priced = false;
  const Advice advice = advise(a_day(), terms);
  ASSERT_EQ(advice.alternatives.size(), 4u);
  EXPECT_EQ(advice.alternatives[1].units_cost, 50 * 730 * dollar);
  for (const Alternative& one : advice.alternatives) {
    EXPECT_EQ(one.payg_cost, std::nullopt);
    EXPECT_EQ(one.total, std::nullopt);
    EXPECT_EQ(one.even_price, std::nullopt);
  }
  EXPECT_EQ(advice.worth_of_unit_hour, std::nullopt);
}

TEST(PtuAdvice, ThePresentIsWhatHasHappened) {
  std::vector<LoadMinute> minutes = a_day();
  minutes[1].payg_load = 30'000;
  minutes[1].payg_cost = 30 * dollar;
  Terms terms = terms_at(dollar);
  terms.present = Present{100, 80 * dollar};
  const Alternative present = advise(minutes, terms).alternatives.back();
  EXPECT_EQ(present.kind, Kind::present);
  EXPECT_EQ(present.units, 100);
  EXPECT_EQ(present.units_cost, 80 * 730 * dollar);
  EXPECT_EQ(present.payg_cost, std::llround(30 * 730 / 24.0 * 1e9));
  EXPECT_DOUBLE_EQ(present.spilled, 30'000.0 / (144 * 60'000 + 100'000));
  EXPECT_EQ(present.minutes_above, 0);
}

TEST(PtuAdvice, WorthOfAUnitIsWhatItsTokensCostByTheToken) {
  // A unit carries 2,500 in a minute.
  EXPECT_EQ(advise(a_day(), terms_at(dollar)).worth_of_unit_hour, 150 * dollar);
}

TEST(PtuPicture, BucketsHoldAverageAndPercentilesOfTheirMinutes) {
  const auto minutes = minutes_of({100, 0, 40, 60, 0, 0, 0, 0});
  EXPECT_EQ(buckets_of(minutes, 0, 8, 2), (std::vector<Bucket>{{50, 100, 100}, {0, 0, 0}}));
  EXPECT_EQ(buckets_of(minutes, 2, 4, 10), (std::vector<Bucket>{{40, 40, 40}, {60, 60, 60}}));
  std::vector<std::int64_t> loads(40, 10);
  loads[7] = loads[8] = 90;
  EXPECT_EQ(buckets_of(minutes_of(loads), 0, 40, 1), (std::vector<Bucket>{{14, 10, 90}}));
  EXPECT_TRUE(buckets_of({}, 5, 5, 10).empty());
}

TEST(PtuPicture, NumbersAreShort) {
  for (auto [value, text] : {std::pair{0, "0"}, {999, "999"}, {1'000, "1k"}, {12'500, "12.5k"}, {121'500, "122k"},
                             {1'000'000, "1M"}, {2'340'000, "2.3M"}})
    EXPECT_EQ(short_number(value), text);
}

}  // namespace
}  // namespace tollgate::cli
