// The operational log (not the access records): lines for people, on stderr.
// Thread safety: any thread. Never write prompts, completions, keys or query strings.
#pragma once

#include <string_view>

namespace tollgate::log {

enum class Level : unsigned char { error, warn, info, debug };

void set_level(Level level) noexcept;
bool is_on(Level level) noexcept;
void write(Level level, std::string_view area, std::string_view message);

inline void error(std::string_view area, std::string_view message) { write(Level::error, area, message); }
inline void warn(std::string_view area, std::string_view message) { write(Level::warn, area, message); }
inline void info(std::string_view area, std::string_view message) { write(Level::info, area, message); }
inline void debug(std::string_view area, std::string_view message) {
  if (is_on(Level::debug)) write(Level::debug, area, message);
}

}  // namespace tollgate::log
