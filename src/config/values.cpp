#include "config/values.hpp"

#include "config/characters.hpp"
#include "config/problem.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <span>

namespace tollgate::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Habits of other tools and the unit that they stand for here.
struct UnitHabit {
  std::string_view written;
  std::string_view meant;
};

struct Quantity {
  const char* what;  // "a duration"
  const char* examples;
  std::span<const Unit> units;
  std::span<const UnitHabit> habits;
  std::string_view usual;  // the unit suggested when there is none
};

std::optional<std::int64_t> parse_quantity(std::string_view text, const Quantity& kind,
                                           Fault& fault) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  std::string_view unit = text.substr(digits);
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  std::string amount(text.substr(0, digits));
  auto write = std::string("write ") + kind.what + " such as " + kind.examples;
  if (digits == 0) {
    fault = {cited(text) + " is not " + kind.what + "; " + write, {}};
    return std::nullopt;
  }
  if (unit.empty()) {
    fault = {cited(text) + " has no unit; " + write, amount + std::string(kind.usual)};
    return std::nullopt;
  }
  auto known = std::find_if(kind.units.begin(), kind.units.end(),
                            [&](const Unit& u) { return u.name == unit; });
  if (known == kind.units.end() || text.size() != digits + unit.size()) {
    std::string meant;
    std::string folded = lower(unit);
    for (const Unit& u : kind.units)
      if (lower(u.name) == folded) meant = amount + std::string(u.name);
    for (const UnitHabit& h : kind.habits)
      if (h.written == folded) meant = amount + std::string(h.meant);
    fault = {cited(text) + " is not " + kind.what + " with a known unit; " + write, meant};
    return std::nullopt;
  }
  auto value = number<std::int64_t>(amount);
  if (!value || *value > std::numeric_limits<std::int64_t>::max() / known->factor) {
    fault = {cited(text) + " is too large", {}};
    return std::nullopt;
  }
  return *value * known->factor;
}

constexpr std::array<Unit, 4> duration_units{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<UnitHabit, 13> duration_habits{{{"sec", "s"},
                                                     {"secs", "s"},
                                                     {"second", "s"},
                                                     {"seconds", "s"},
                                                     {"min", "m"},
                                                     {"mins", "m"},
                                                     {"minute", "m"},
                                                     {"minutes", "m"},
                                                     {"hr", "h"},
                                                     {"hour", "h"},
                                                     {"hours", "h"},
                                                     {"msec", "ms"},
                                                     {"millis", "ms"}}};
constexpr Quantity durations{"a duration", "250ms, 30s, 10m or 1h", duration_units, duration_habits,
                             "s"};

constexpr std::array<Unit, 4> size_units{
    {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};
constexpr std::array<UnitHabit, 8> size_habits{{{"k", "KiB"},
                                                {"kb", "KiB"},
                                                {"m", "MiB"},
                                                {"mb", "MiB"},
                                                {"g", "GiB"},
                                                {"gb", "GiB"},
                                                {"byte", "B"},
                                                {"bytes", "B"}}};
constexpr Quantity sizes{"a size", "500B, 64KiB, 32MiB or 1GiB", size_units, size_habits, "B"};

constexpr std::array<Unit, 3> rate_units{
    {{"/minute", 1}, {"k/minute", 1'000}, {"M/minute", 1'000'000}}};
constexpr std::array<UnitHabit, 10> rate_habits{{{"k", "k/minute"},
                                                 {"m", "M/minute"},
                                                 {"/min", "/minute"},
                                                 {"k/min", "k/minute"},
                                                 {"m/min", "M/minute"},
                                                 {"k/m", "k/minute"},
                                                 {"/m", "/minute"},
                                                 {"m/m", "M/minute"},
                                                 {"tpm", "/minute"},
                                                 {"ktpm", "k/minute"}}};
constexpr Quantity rates{"a rate", "450k/minute or 90000/minute", rate_units, rate_habits,
                         "/minute"};

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text, Fault& fault) {
  auto value = parse_quantity(text, durations, fault);
  return value ? std::optional(Milliseconds(*value)) : std::nullopt;
}

std::string to_text(Milliseconds duration) {
  auto ms = duration.count();
  if (ms % 1'000 != 0) return std::to_string(ms) + "ms";
  if (ms > 0 && ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms >= 600'000 && ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
  return std::to_string(ms / 1'000) + "s";
}

std::optional<std::size_t> parse_size(std::string_view text, Fault& fault) {
  auto value = parse_quantity(text, sizes, fault);
  return value ? std::optional(static_cast<std::size_t>(*value)) : std::nullopt;
}

std::string size_to_text(std::size_t bytes) {
  for (auto unit = size_units.rbegin(); unit != size_units.rend(); ++unit) {
    auto factor = static_cast<std::size_t>(unit->factor);
    if (bytes > 0 && bytes % factor == 0)
      return std::to_string(bytes / factor) + std::string(unit->name);
  }
  return "0B";
}

std::optional<std::int64_t> parse_rate(std::string_view text, Fault& fault) {
  return parse_quantity(text, rates, fault);
}

std::optional<std::int64_t> parse_count(std::string_view text, Fault& fault) {
  auto value = number<std::int64_t>(text);
  if (!value) fault = {cited(text) + " is not a whole number; write one such as 4", {}};
  return value;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && is_alnum(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_alnum(c) || c == '.' || c == '_' || c == ':' || c == '-';
         });
}

}  // namespace tollgate::config
