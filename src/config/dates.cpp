#include "config/dates.hpp"

#include "config/problem.hpp"

#include <chrono>
#include <cstdio>

namespace tollgate::config {
namespace {

// The number in exactly those digits; -1 when they are none.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<WallTime> parse_date(std::string_view text, Fault& fault) {
  using namespace std::chrono;
  constexpr std::size_t day_size = 10, time_size = 20;
  const auto refuse = [&] {
    fault = {cited(text) + " is not a date; write 2026-12-31 or 2026-12-31T18:00:00Z (UTC)", {}};
    return std::nullopt;
  };
  if ((text.size() != day_size && text.size() != time_size) || text[4] != '-' || text[7] != '-')
    return refuse();
  const int y = digits(text, 0, 4), m = digits(text, 5, 2), d = digits(text, 8, 2);
  if (y < 1970 || y > 2200 || m < 1 || d < 1) return refuse();
  const year_month_day date{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return refuse();
  WallTime moment = sys_days(date);
  if (text.size() == day_size) return moment;
  const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  const bool is_framed = text[10] == 'T' && text[13] == ':' && text[16] == ':' && text[19] == 'Z';
  if (!is_framed || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return refuse();
  return moment + hours(hour) + minutes(minute) + seconds(second);
}

std::string date_to_text(WallTime time) {
  using namespace std::chrono;
  const auto at = floor<seconds>(time);
  const auto date = floor<days>(at);
  const year_month_day day(date);
  const hh_mm_ss clock(at - date);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace tollgate::config
