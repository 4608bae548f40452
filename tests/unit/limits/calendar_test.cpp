#include "limits/calendar.hpp"

#include <gtest/gtest.h>

namespace tollgate::limits {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

// 2026-11-23 14:30:00 UTC, a Monday.
constexpr std::int64_t monday_afternoon = 1'795'444'200'000;

Window calendar(WindowKind kind, const char* zone = "UTC") {
  Window window;
  window.kind = kind;
  window.zone = zone;
  return window;
}

TEST(Calendar, AMonthBeginsOnItsFirstAndEndsWithTheNext) {
  const Period period = period_at(calendar(WindowKind::month), monday_afternoon);
  EXPECT_EQ(period.begin_ms, 1'793'491'200'000);  // 2026-11-01
  EXPECT_EQ(period.end_ms, 1'796'083'200'000);    // 2026-12-01
}

TEST(Calendar, AWeekBeginsOnMonday) {
  const Period period = period_at(calendar(WindowKind::week), monday_afternoon);
  EXPECT_EQ(period.begin_ms, 1'795'392'000'000);  // the same day's midnight
  EXPECT_EQ(period.end_ms - period.begin_ms, 7 * 24 * hour_ms);
  const Period sunday = period_at(calendar(WindowKind::week), period.begin_ms - 1);
  EXPECT_EQ(sunday.end_ms, period.begin_ms);
}

TEST(Calendar, ADayBeginsAtMidnightOfItsZone) {
  const Period period = period_at(calendar(WindowKind::day, "Europe/Oslo"), monday_afternoon);
  EXPECT_EQ(period.begin_ms, 1'795'392'000'000 - hour_ms);
}

TEST(Calendar, ADayWithAChangeOfClocksIsLongerOrShorter) {
  // Clocks went back in Oslo on 2026-10-25 and forward on 2026-03-29.
  const Period autumn = period_at(calendar(WindowKind::day, "Europe/Oslo"), 1'792'936'800'000);
  EXPECT_EQ(autumn.end_ms - autumn.begin_ms, 25 * hour_ms);
  const Period spring = period_at(calendar(WindowKind::day, "Europe/Oslo"), 1'774'785'600'000);
  EXPECT_EQ(spring.end_ms - spring.begin_ms, 23 * hour_ms);
}

TEST(Calendar, AnHourIsTheZonesOwn) {
  const Period period = period_at(calendar(WindowKind::hour, "Asia/Kolkata"), monday_afternoon);
  EXPECT_EQ(period.begin_ms, monday_afternoon);  // 20:00 there
  EXPECT_EQ(period.end_ms - period.begin_ms, hour_ms);
}

TEST(Calendar, PeriodsFollowEachOtherWithoutAGap) {
  for (const auto kind : {WindowKind::hour, WindowKind::day, WindowKind::week, WindowKind::month}) {
    const Window window = calendar(kind, "America/New_York");
    Period period = period_at(window, monday_afternoon);
    for (int i = 0; i < 40; ++i) {
      const Period next = period_at(window, period.end_ms);
      EXPECT_EQ(next.begin_ms, period.end_ms);
      EXPECT_EQ(period_at(window, period.end_ms - 1).begin_ms, period.begin_ms);
      period = next;
    }
  }
}

}  // namespace
}  // namespace tollgate::limits
