#include "config/amounts.hpp"

#include "config/characters.hpp"
#include "config/problem.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

namespace tollgate::config {
namespace {

constexpr int money_places = 9;  // nano-dollars
constexpr int price_places = 6;  // pico-dollars a token are millionths of a dollar a million tokens

enum class Flaw : unsigned char { none, no_number, too_precise, too_large };

struct Decimal {
  std::int64_t value = 0;
  Flaw flaw = Flaw::none;
};

// "12.5" with 3 places is 12500.
Decimal parse_decimal(std::string_view text, int places) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::size_t point = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = point < text.size() ? text.substr(point + 1) : std::string_view();
  bool is_number = !whole.empty() && std::all_of(whole.begin(), whole.end(), is_digit) &&
                   std::all_of(fraction.begin(), fraction.end(), is_digit) &&
                   (point == text.size() || !fraction.empty());
  if (!is_number) return {0, Flaw::no_number};
  if (fraction.size() > static_cast<std::size_t>(places)) return {0, Flaw::too_precise};
  std::string digits = std::string(whole) + std::string(fraction);
  digits.append(static_cast<std::size_t>(places) - fraction.size(), '0');
  std::int64_t value = 0;
  for (char c : digits) {
    int digit = c - '0';
    if (value > (most - digit) / 10) return {0, Flaw::too_large};
    value = value * 10 + digit;
  }
  return {value, Flaw::none};
}

std::string decimal_to_text(std::int64_t value, int places, std::size_t least_places) {
  std::string digits = std::to_string(value);
  auto count = static_cast<std::size_t>(places);
  if (digits.size() <= count) digits.insert(0, count + 1 - digits.size(), '0');
  std::string fraction = digits.substr(digits.size() - count);
  digits.erase(digits.size() - count);
  while (fraction.size() > least_places && fraction.back() == '0') fraction.pop_back();
  bool is_whole = std::all_of(fraction.begin(), fraction.end(), [](char c) { return c == '0'; });
  return is_whole ? digits : digits + "." + fraction;
}

std::optional<std::int64_t> parse_dollars(std::string_view text, int places, const char* what,
                                          const char* examples, Fault& fault) {
  auto refuse = [&](const std::string& why, std::string suggestion = {}) {
    fault = {cited(text) + why + "; write " + what + " such as " + examples, std::move(suggestion)};
    return std::nullopt;
  };
  std::string plain;
  for (char c : text)
    if (c != '$' && c != ',' && c != ' ' && c != '_') plain += c;
  std::string meant = parse_decimal(plain, places).flaw == Flaw::none ? "$" + plain : std::string();
  if (!text.starts_with('$')) return refuse(" is not money, which begins with $", meant);
  Decimal dollars = parse_decimal(text.substr(1), places);
  switch (dollars.flaw) {
    case Flaw::none:
      return dollars.value;
    case Flaw::no_number:
      return refuse(" is not an amount of dollars", meant);
    case Flaw::too_precise:
      return refuse(" has more than " + std::to_string(places) + " decimals");
    case Flaw::too_large:
      break;
  }
  return refuse(" is too large");
}

constexpr std::array<std::string_view, 6> period_names{"second", "minute", "hour",
                                                       "day",    "week",   "month"};

// Habits of other tools and the period that they stand for.
struct Habit {
  std::string_view written;
  Period meant;
};
constexpr std::array<Habit, 23> period_habits{
    {{"s", Period::second},       {"sec", Period::second},   {"secs", Period::second},
     {"seconds", Period::second}, {"1s", Period::second},    {"m", Period::minute},
     {"min", Period::minute},     {"mins", Period::minute},  {"minutes", Period::minute},
     {"1m", Period::minute},      {"h", Period::hour},       {"hr", Period::hour},
     {"hours", Period::hour},     {"1h", Period::hour},      {"d", Period::day},
     {"days", Period::day},       {"w", Period::week},       {"wk", Period::week},
     {"weeks", Period::week},     {"mo", Period::month},     {"mon", Period::month},
     {"months", Period::month},   {"monthly", Period::month}}};

std::string one_of(std::span<const Period> periods) {
  std::string text;
  for (std::size_t i = 0; i < periods.size(); ++i)
    text += (i == 0                    ? ""
             : i + 1 == periods.size() ? " or "
                                       : ", ") +
            std::string(to_text(periods[i]));
  return text;
}

}  // namespace

std::optional<std::int64_t> parse_amount(std::string_view text, Fault& fault) {
  constexpr std::int64_t most = 1'000'000'000'000'000;
  auto refuse = [&](const char* why, std::string suggestion = {}) {
    fault = {cited(text) + why + "; write a number such as 600, 100k or 2M", std::move(suggestion)};
    return std::nullopt;
  };
  std::string_view number = text;
  int places = 0;
  if (text.ends_with('k')) places = 3;
  if (text.ends_with('M')) places = 6;
  if (places > 0) number.remove_suffix(1);
  Decimal amount = parse_decimal(number, places);
  if (amount.flaw == Flaw::too_precise) return refuse(" is not a whole number");
  if (amount.flaw == Flaw::too_large || amount.value > most) return refuse(" is too large");
  if (amount.flaw == Flaw::none) return amount.value;
  std::string meant;
  for (char c : text)
    if (c != ',' && c != '_' && c != ' ') meant += c;
  if (meant.ends_with('K')) meant.back() = 'k';
  if (meant.ends_with('m')) meant.back() = 'M';
  Fault ignored;
  if (text.starts_with('$')) return refuse(" is money, which has its own field");
  return refuse(" is not a number", meant != text && parse_amount(meant, ignored) ? meant : "");
}

std::string amount_to_text(std::int64_t amount) {
  if (amount > 0 && amount % 1'000'000 == 0) return std::to_string(amount / 1'000'000) + "M";
  if (amount > 0 && amount % 1'000 == 0) return std::to_string(amount / 1'000) + "k";
  return std::to_string(amount);
}

std::optional<std::int64_t> parse_money(std::string_view text, Fault& fault) {
  return parse_dollars(text, money_places, "an amount", "$500 or $0.25", fault);
}

std::string money_to_text(std::int64_t nano_dollars) {
  return "$" + decimal_to_text(nano_dollars, money_places, 2);
}

std::optional<std::int64_t> parse_hourly(std::string_view text, Fault& fault) {
  std::size_t slash = std::min(text.find('/'), text.size());
  auto amount = parse_money(text.substr(0, slash), fault);
  if (amount && text.substr(slash) == "/hour") return amount;
  if (amount)
    fault = {cited(text) + " is not a price by the hour; write one such as $1/hour",
             std::string(text.substr(0, slash)) + "/hour"};
  return std::nullopt;
}

std::optional<std::int64_t> parse_price(std::string_view text, Fault& fault) {
  std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    fault = {cited(text) + " has a unit; a price is for a million tokens, such as $2.50",
             std::string(text.substr(0, slash))};
    return std::nullopt;
  }
  auto price =
      parse_dollars(text, price_places, "the price of a million tokens", "$2.50 or $0.075", fault);
  constexpr std::int64_t most = 1'000'000 * std::int64_t{1'000'000};
  if (!price || *price <= most) return price;
  fault = {cited(text) + " is too large for the price of a million tokens", {}};
  return std::nullopt;
}

std::string price_to_text(std::int64_t pico_dollars) {
  return "$" + decimal_to_text(pico_dollars, price_places, 2);
}

std::optional<int> parse_percent(std::string_view text, Fault& fault) {
  constexpr std::int64_t most = 100'000;
  std::string_view number = text;
  if (text.ends_with('%')) number.remove_suffix(1);
  Decimal percent = parse_decimal(number, 0);
  if (percent.flaw == Flaw::none && percent.value <= most && text.ends_with('%'))
    return static_cast<int>(percent.value);
  fault = {cited(text) + " is not a percentage; write a whole one such as 80%",
           percent.flaw == Flaw::none && percent.value <= most ? std::string(number) + "%" : ""};
  return std::nullopt;
}

std::optional<std::chrono::sys_days> parse_day(std::string_view text, Fault& fault) {
  auto number = [&](std::size_t at, std::size_t length) {
    return static_cast<int>(parse_decimal(text.substr(at, length), 0).value);
  };
  bool is_shaped = text.size() == 10 && text[4] == '-' && text[7] == '-';
  for (std::size_t i = 0; i < text.size() && is_shaped; ++i)
    is_shaped = i == 4 || i == 7 || is_digit(text[i]);
  if (is_shaped) {
    std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                    std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                    std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    if (day.ok()) return std::chrono::sys_days(day);
  }
  fault = {cited(text) + " is not a day; write year-month-day such as 2027-01-31", {}};
  return std::nullopt;
}

std::string day_to_text(std::chrono::sys_days day) {
  std::chrono::year_month_day date(day);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::optional<std::chrono::hours> parse_days(std::string_view text, Fault& fault) {
  constexpr std::int64_t most = 1'000'000;
  std::string_view number = text.substr(0, text.find_first_not_of("0123456789"));
  Decimal days = parse_decimal(number, 0);
  bool is_number = days.flaw == Flaw::none && days.value <= most;
  if (is_number && text.substr(number.size()) == "d") return std::chrono::hours(24 * days.value);
  fault = {cited(text) + " is not a number of days; write one such as 400d",
           is_number && text == number ? std::string(number) + "d" : ""};
  return std::nullopt;
}

std::string_view to_text(Period period) { return period_names[static_cast<std::size_t>(period)]; }

std::optional<Allowance> parse_allowance(std::string_view text, Measure measure,
                                         std::span<const Period> allowed, Fault& fault) {
  std::size_t slash = std::min(text.find('/'), text.size());
  std::string_view number = text.substr(0, slash);
  auto amount =
      measure == Measure::money ? parse_money(number, fault) : parse_amount(number, fault);
  if (!amount) {
    if (!fault.suggestion.empty()) fault.suggestion += text.substr(slash);
    return std::nullopt;
  }
  if (*amount == 0) {
    fault = {cited(text) + " would refuse every call; write an amount above 0", {}};
    return std::nullopt;
  }
  if (slash == text.size()) return Allowance{*amount, std::nullopt};

  std::string word = lower(text.substr(slash + 1));
  auto name = std::find(period_names.begin(), period_names.end(), word);
  auto habit = std::find_if(period_habits.begin(), period_habits.end(),
                            [&](const Habit& h) { return h.written == word; });
  std::optional<Period> meant;
  if (name != period_names.end()) meant = static_cast<Period>(name - period_names.begin());
  if (habit != period_habits.end()) meant = habit->meant;
  bool is_allowed = meant && std::find(allowed.begin(), allowed.end(), *meant) != allowed.end();
  if (is_allowed && text.substr(slash + 1) == to_text(*meant)) return Allowance{*amount, meant};
  std::string why = " does not say a time that is possible here; write " + one_of(allowed);
  if (meant && !is_allowed)
    why += meant < Period::hour ? "; a second or minute belongs to limits"
                                : "; a week or month belongs to budgets";
  fault = {cited(text) + why,
           is_allowed ? std::string(number) + "/" + std::string(to_text(*meant)) : ""};
  return std::nullopt;
}

}  // namespace tollgate::config
