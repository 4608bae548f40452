// Words that say how much may be spent: money, tokens, percentages, a stretch of time. Pure, and
// exact: no floating point stands between what is written and what is counted.
#pragma once

#include "config/values.hpp"
#include "tollgate/spending.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tollgate::config {

// 600, 100k, 1.5M: a whole number, whatever the unit.
std::optional<std::int64_t> parse_amount(std::string_view text, Fault& fault);
std::string amount_to_text(std::int64_t amount);

// $500, $0.000000001: nano-dollars.
std::optional<std::int64_t> parse_money(std::string_view text, Fault& fault);
std::string money_to_text(std::int64_t nano_dollars);

// $1/hour: nano-dollars an hour.
std::optional<std::int64_t> parse_hourly(std::string_view text, Fault& fault);

// $2.50 for a million tokens: pico-dollars a token.
std::optional<std::int64_t> parse_price(std::string_view text, Fault& fault);
std::string price_to_text(std::int64_t pico_dollars);

// 80%
std::optional<int> parse_percent(std::string_view text, Fault& fault);

// 2027-01-31
std::optional<std::chrono::sys_days> parse_day(std::string_view text, Fault& fault);
std::string day_to_text(std::chrono::sys_days day);

// 400d
std::optional<std::chrono::hours> parse_days(std::string_view text, Fault& fault);

enum class Period : unsigned char { second, minute, hour, day, week, month };
std::string_view to_text(Period period);

// So much, in such a time or for ever.
struct Allowance {
  std::int64_t amount = 0;
  std::optional<Period> period;
};

// 600/minute, $500/month, 1M. `allowed` are the periods that may stand there.
std::optional<Allowance> parse_allowance(std::string_view text, Measure measure,
                                         std::span<const Period> allowed, Fault& fault);

}  // namespace tollgate::config
