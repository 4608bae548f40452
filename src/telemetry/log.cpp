// The only file that knows spdlog.
#include "tollgate/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <memory>
#include <string>

namespace tollgate::log {

namespace {

spdlog::level::level_enum level_of(Level level) noexcept {
  switch (level) {
    case Level::error: return spdlog::level::err;
    case Level::warn: return spdlog::level::warn;
    case Level::info: return spdlog::level::info;
    case Level::debug: return spdlog::level::debug;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  // Never destroyed, so that whatever still runs at exit can say so.
  static spdlog::logger& instance = []() -> spdlog::logger& {
    auto* made =
        new spdlog::logger("tollgate", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc));
    made->set_level(spdlog::level::info);
    return *made;
  }();
  return instance;
}

}  // namespace

void set_level(Level level) noexcept { logger().set_level(level_of(level)); }

bool is_on(Level level) noexcept { return logger().should_log(level_of(level)); }

void write(Level level, std::string_view area, std::string_view message) {
  if (!is_on(level)) return;
  std::string line;
  line.reserve(area.size() + 2 + message.size());
  ((line += area) += ": ") += message;
  // One call, one line: text from outside cannot forge another one.
  std::replace_if(line.begin(), line.end(),
                  [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  logger().log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace tollgate::log
