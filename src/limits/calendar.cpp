#include "limits/calendar.hpp"

#include <date/tz.h>

namespace tollgate::limits {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

date::local_days first_day(WindowKind kind, date::local_days today) {
  if (kind == WindowKind::week) return today - (date::weekday(today) - date::Monday);
  if (kind == WindowKind::month) {
    const date::year_month_day date(today);
    return date::local_days(date.year() / date.month() / 1);
  }
  return today;
}

date::local_days first_day_after(WindowKind kind, date::local_days first) {
  if (kind == WindowKind::week) return first + date::days(7);
  if (kind == WindowKind::month) {
    const date::year_month_day date(first);
    return date::local_days((date.year() / date.month() + date::months(1)) / 1);
  }
  return first + date::days(1);
}

// Midnight may not exist where clocks change at it: the first moment of the day counts.
std::int64_t begin_of(const date::time_zone& zone, date::local_days day) {
  return zone.to_sys(date::local_time<milliseconds>(day), date::choose::earliest).time_since_epoch().count();
}

}  // namespace

Period period_at(const Window& window, std::int64_t now_ms) {
  const auto now = date::sys_time<milliseconds>(milliseconds(now_ms));
  const date::time_zone& zone = *date::locate_zone(window.zone);
  if (window.kind == WindowKind::hour) {
    // Counted from the zone's own full hour: some zones are half an hour off.
    const auto offset = date::floor<milliseconds>(zone.get_info(now).offset);
    const auto begin = date::floor<hours>(now.time_since_epoch() + offset) - offset;
    return {milliseconds(begin).count(), milliseconds(begin + hours(1)).count()};
  }
  const auto today = date::floor<date::days>(zone.to_local(now));
  const auto first = first_day(window.kind, today);
  return {begin_of(zone, first), begin_of(zone, first_day_after(window.kind, first))};
}

}  // namespace tollgate::limits
