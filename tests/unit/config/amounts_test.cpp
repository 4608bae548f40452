#include "config/amounts.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tollgate::config {
namespace {

constexpr std::array every{Period::second, Period::minute, Period::hour,
                           Period::day,    Period::week,   Period::month};

TEST(Money, IsExactToTheNanoDollar) {
  Fault fault;
  EXPECT_EQ(parse_money("$500", fault), 500'000'000'000);
  EXPECT_EQ(parse_money("$0.1", fault), 100'000'000);
  EXPECT_EQ(parse_money("$0.000000001", fault), 1);
  EXPECT_EQ(parse_money("$1234567.123456789", fault), 1'234'567'123'456'789);
  EXPECT_EQ(parse_money("$0.30", fault), 300'000'000);
  EXPECT_EQ(parse_money("$9223372036.854775807", fault), INT64_MAX);
}

TEST(Money, RefusesWhatIsNotAnAmountOfDollars) {
  for (const char* text : {"", "$", "5", "5$", "$-5", "$+5", "-$5", "$5.", "$.5", "$1e3", "$ 5",
                           "$1.0000000000", "$9223372036.854775808", "$99999999999999999999", "$5k",
                           "\xe2\x82\xac"
                           "5"}) {
    Fault fault;
    EXPECT_FALSE(parse_money(text, fault)) << text;
    EXPECT_FALSE(fault.message.empty()) << text;
  }
}

TEST(Money, ReadsBackWhatItPrints) {
  for (std::int64_t nano : {std::int64_t{0}, std::int64_t{1}, std::int64_t{100'000'000},
                            std::int64_t{2'500'000'000}, INT64_MAX}) {
    Fault fault;
    EXPECT_EQ(parse_money(money_to_text(nano), fault), nano) << money_to_text(nano);
  }
  EXPECT_EQ(money_to_text(2'500'000'000), "$2.50");
  EXPECT_EQ(money_to_text(500'000'000'000), "$500");
}

TEST(Price, IsInPicoDollarsAToken) {
  Fault fault;
  EXPECT_EQ(parse_price("$2.50", fault), 2'500'000);
  EXPECT_EQ(parse_price("$0.075", fault), 75'000);
  EXPECT_EQ(parse_price("$0", fault), 0);
  EXPECT_EQ(parse_price("$0.000001", fault), 1);
  EXPECT_FALSE(parse_price("$0.0000001", fault));
  EXPECT_FALSE(parse_price("$2.50/1M", fault));
  EXPECT_EQ(fault.suggestion, "$2.50");
  EXPECT_FALSE(parse_price("2.50", fault));
  EXPECT_EQ(fault.suggestion, "$2.50");
}

TEST(Price, ReadsBackWhatItPrints) {
  for (std::int64_t pico : {0, 1, 75'000, 150'000, 2'500'000, 10'000'000}) {
    Fault fault;
    EXPECT_EQ(parse_price(price_to_text(pico), fault), pico) << price_to_text(pico);
  }
}

TEST(HourlyPrice, NeedsTheHour) {
  Fault fault;
  EXPECT_EQ(parse_hourly("$1.50/hour", fault), 1'500'000'000);
  for (const char* text : {"$1", "$1/h", "$1/day", "1/hour", "$1/hour/hour"}) {
    EXPECT_FALSE(parse_hourly(text, fault)) << text;
  }
}

TEST(Amount, TakesThousandsAndMillions) {
  Fault fault;
  EXPECT_EQ(parse_amount("600", fault), 600);
  EXPECT_EQ(parse_amount("100k", fault), 100'000);
  EXPECT_EQ(parse_amount("1.5M", fault), 1'500'000);
  EXPECT_EQ(parse_amount("0.001k", fault), 1);
  EXPECT_EQ(amount_to_text(1'500'000), "1500k");
  EXPECT_EQ(amount_to_text(2'000'000), "2M");
  EXPECT_EQ(amount_to_text(16'384), "16384");
}

TEST(Amount, IsAWholeNumber) {
  for (const char* text : {"", "k", "1.5", "1.0001k", "-1", "+1", "1K", "1m", "1G", "1,000", "1 k",
                           "9999999999999999", "99999999999999999999M", "$5"}) {
    Fault fault;
    EXPECT_FALSE(parse_amount(text, fault)) << text;
    EXPECT_FALSE(fault.message.empty()) << text;
  }
}

TEST(Percent, IsAWholeNumberWithItsSign) {
  Fault fault;
  EXPECT_EQ(parse_percent("80%", fault), 80);
  EXPECT_EQ(parse_percent("0%", fault), 0);
  for (const char* text : {"", "%", "80", "8.5%", "-5%", "80 %", "99999999999%"})
    EXPECT_FALSE(parse_percent(text, fault)) << text;
}

TEST(Day, IsADayOfTheCalendar) {
  using namespace std::chrono;
  Fault fault;
  EXPECT_EQ(parse_day("2028-02-29", fault), sys_days(2028y / February / 29));
  EXPECT_EQ(day_to_text(sys_days(2027y / January / 1)), "2027-01-01");
  for (const char* text : {"", "2027-02-29", "2027-13-01", "2027-00-10", "2027-1-1", "27-01-01",
                           "2027/01/01", "2027-01-01T00:00:00Z", "20x7-01-01"})
    EXPECT_FALSE(parse_day(text, fault)) << text;
}

TEST(Days, AreWholeOnes) {
  Fault fault;
  EXPECT_EQ(parse_days("400d", fault), std::chrono::hours(9'600));
  for (const char* text : {"", "d", "400", "9600h", "1.5d", "-1d", "99999999d"})
    EXPECT_FALSE(parse_days(text, fault)) << text;
}

TEST(Allowance, IsAnAmountInATime) {
  Fault fault;
  auto limit = parse_allowance("100k/minute", Measure::tokens, every, fault);
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->amount, 100'000);
  EXPECT_EQ(limit->period, Period::minute);
  auto budget = parse_allowance("$0.50/month", Measure::money, every, fault);
  ASSERT_TRUE(budget);
  EXPECT_EQ(budget->amount, 500'000'000);
  EXPECT_EQ(budget->period, Period::month);
  auto life = parse_allowance("1M", Measure::tokens, every, fault);
  ASSERT_TRUE(life);
  EXPECT_FALSE(life->period);
}

TEST(Allowance, SaysWhichTimeWasMeant) {
  for (const char* text : {"5/min", "5/m", "5/Minute", "5/minutes", "5/1m"}) {
    Fault fault;
    EXPECT_FALSE(parse_allowance(text, Measure::requests, every, fault)) << text;
    EXPECT_EQ(fault.suggestion, "5/minute") << text;
  }
}

TEST(Allowance, RefusesWhatWouldRefuseEveryCall) {
  Fault fault;
  for (const char* text : {"0", "0/minute", "0k/minute", "0M/day"})
    EXPECT_FALSE(parse_allowance(text, Measure::tokens, every, fault)) << text;
  EXPECT_FALSE(parse_allowance("$0.00/day", Measure::money, every, fault));
}

TEST(Allowance, RefusesHalfOfOne) {
  Fault fault;
  for (const char* text : {"", "/", "/minute", "5/", "5//minute", "5/minute/minute", "5 /minute"})
    EXPECT_FALSE(parse_allowance(text, Measure::requests, every, fault)) << text;
}

}  // namespace
}  // namespace tollgate::config
