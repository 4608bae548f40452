#include "cli/ptu/picture.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace tollgate::cli {
namespace {

Bucket bucket_of(std::vector<std::int64_t>& loads, std::int64_t minutes) {
  if (loads.empty()) return {};
  std::sort(loads.begin(), loads.end(), std::greater<>());
  std::int64_t sum = 0;
  for (std::int64_t load : loads) sum += load;
  const auto larger = static_cast<std::size_t>(minutes / 20);  // a twentieth may be above p95
  return {sum / minutes, larger < loads.size() ? loads[larger] : 0, loads.front()};
}

}  // namespace

std::vector<Bucket> buckets_of(const std::vector<LoadMinute>& minutes, std::int64_t begin, std::int64_t end,
                               std::size_t count) {
  const std::int64_t stretch = end - begin;
  count = std::min(count, static_cast<std::size_t>(std::max<std::int64_t>(stretch, 0)));
  std::vector<Bucket> buckets;
  auto next = std::lower_bound(minutes.begin(), minutes.end(), begin,
                               [](const LoadMinute& minute, std::int64_t at) { return minute.minute < at; });
  std::int64_t from = begin;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t to = begin + stretch * static_cast<std::int64_t>(i + 1) / static_cast<std::int64_t>(count);
    std::vector<std::int64_t> loads;
    for (; next != minutes.end() && next->minute < to; ++next) loads.push_back(next->load);
    buckets.push_back(bucket_of(loads, to - from));
    from = to;
  }
  return buckets;
}

std::vector<CapacityLine> capacity_lines(const Advised& advised) {
  const std::int64_t a_unit = advised.group.terms.size.tokens_a_minute;
  std::vector<CapacityLine> lines;
  const int recommended = advised.advice.recommended;
  lines.push_back({recommended, recommended * a_unit, false});
  if (const auto& present = advised.group.terms.present; present && present->units > 0)
    lines.push_back({present->units, present->units * a_unit, true});
  return lines;
}

std::int64_t top_of(const Advised& advised) {
  const std::int64_t needed = std::max<std::int64_t>(advised.advice.needed_load, 1);
  std::int64_t top = needed;
  for (const CapacityLine& line : capacity_lines(advised))
    if (line.load < needed * 2) top = std::max(top, line.load);
  return top + top / 20;
}

std::string short_number(std::int64_t value) {
  constexpr std::int64_t thousand = 1'000;
  if (value < thousand) return std::to_string(value);
  const bool is_millions = value >= thousand * thousand;
  const double scaled = static_cast<double>(value) / (is_millions ? 1e6 : 1e3);
  char text[32];
  std::snprintf(text, sizeof text, scaled < 100 ? "%.1f" : "%.0f", scaled);
  std::string result = text;
  if (result.ends_with(".0")) result.resize(result.size() - 2);
  return result + (is_millions ? "M" : "k");
}

}  // namespace tollgate::cli
