#include "http/date.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string>

namespace tollgate::http {

std::optional<WallTime> parse_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  char month[4] = "";
  const int found = std::sscanf(std::string(text).c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &parts.tm_mday, month,
                                &parts.tm_year, &parts.tm_hour, &parts.tm_min, &parts.tm_sec);
  if (found != 6) return std::nullopt;
  for (std::size_t i = 0; i < months.size(); ++i) {
    if (months[i] != month) continue;
    parts.tm_mon = static_cast<int>(i);
    parts.tm_year = std::clamp(parts.tm_year, 1970, 2200) - 1900;  // WallTime does not reach much further
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
  }
  return std::nullopt;
}

}  // namespace tollgate::http
