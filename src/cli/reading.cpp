#include "cli/reading.hpp"

#include "config/load.hpp"

#include <charconv>
#include <chrono>
#include <utility>

namespace tollgate::cli {

std::int64_t minute_of(const std::string& text, bool is_last) {
  using namespace std::chrono;
  int parts[5] = {};
  const char* const form = "dddd-dd-ddTdd:dd";
  const bool has_time = text.size() == 16;
  bool is_good = text.size() == 10 || has_time;
  for (std::size_t i = 0; is_good && i < text.size(); ++i)
    is_good = form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
  constexpr std::pair<int, int> places[5] = {{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}};
  for (int i = 0; is_good && i < (has_time ? 5 : 3); ++i)
    std::from_chars(text.data() + places[i].first, text.data() + places[i].second, parts[i]);
  const year_month_day date{year(parts[0]), month(static_cast<unsigned>(parts[1])),
                            day(static_cast<unsigned>(parts[2]))};
  if (!is_good || !date.ok() || parts[3] > 23 || parts[4] > 59)
    throw Misuse("\"" + text + "\" is no date: write 2026-11-30 or 2026-11-30T18:00 (UTC)");
  const std::int64_t first = sys_days(date).time_since_epoch().count() * minutes_a_day;
  return has_time ? first + parts[3] * 60 + parts[4] : first + (is_last ? minutes_a_day : 0);
}

std::shared_ptr<const Config> config_of(const std::string& path) {
  if (path.empty()) return nullptr;
  config::Loaded loaded = config::load(path);
  if (!loaded.config)
    throw std::runtime_error(to_text(loaded.problems.front()) +
                             "\nthe configuration cannot be loaded: name the file with --ledger alone");
  return loaded.config;
}

std::string ledger_path(const std::string& named, const Config* config) {
  if (!named.empty()) return named;
  if (config == nullptr) return LedgerConfig{}.path;
  if (config->ledger.path == "off") throw std::runtime_error("the ledger is off in this configuration");
  return config->ledger.path;
}

}  // namespace tollgate::cli
