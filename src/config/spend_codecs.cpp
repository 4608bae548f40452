#include "config/spend_codecs.hpp"

#include "config/nearest.hpp"
#include "config/secrets.hpp"
#include "config/time_zones.hpp"

#include <array>
#include <span>

namespace tollgate::config {
namespace {

constexpr std::array limit_periods{Period::second, Period::minute, Period::hour, Period::day};
constexpr std::array budget_periods{Period::hour, Period::day, Period::week, Period::month};

std::span<const Period> periods(bool is_budget) {
  return is_budget ? std::span<const Period>(budget_periods) : limit_periods;
}

constexpr auto money_pattern = "\\$[0-9]+(\\.[0-9]{1,9})?";
constexpr auto price_pattern = "^\\$[0-9]+(\\.[0-9]{1,6})?$";
constexpr auto amount_pattern = "[0-9]+(\\.[0-9]+)?[kM]?";

// Reads a scalar by a parser that tells its faults.
template <class Parse>
auto parsed(const Node& node, const std::string& example, Context& context, Parse parse)
    -> decltype(parse(std::string_view(), std::declval<Fault&>())) {
  if (!expect_scalar(node, example, context)) return std::nullopt;
  Fault fault;
  auto value = parse(node.text, fault);
  if (!value) context.refuse(node.where, std::move(fault));
  return value;
}

void refuse_range(const Node& node, const std::string& least, const std::string& most,
                  Context& context) {
  context.refuse(node.where, cited(node.text) + " is out of range; write a value from " + least +
                                 " to " + most);
}

}  // namespace

void AllowanceValue::read(const Node& node, std::vector<WrittenAllowance>& value,
                          Context& context) const {
  bool is_list = node.kind == Node::Kind::list;
  if (is_list && !expect_list(node, "[10/second, 600/minute]", context)) return;
  for (const Node& item : is_list ? std::span<const Node>(node.items) : std::span(&node, 1)) {
    auto allowance = parsed(item, example(), context, [&](std::string_view text, Fault& fault) {
      return parse_allowance(text, measure, periods(is_budget), fault);
    });
    if (!allowance) continue;
    if (!is_budget && !allowance->period)
      context.refuse(item.where,
                     cited(item.text) +
                         " does not say in what time; write it with /second, "
                         "/minute, /hour or /day",
                     item.text + "/minute");
    else
      value.push_back({*allowance, item.text, item.where});
  }
}

std::string AllowanceValue::schema() const {
  std::string words;
  for (Period period : periods(is_budget))
    words += (words.empty() ? "" : "|") + std::string(to_text(period));
  std::string period = is_budget ? "(/(" + words + "))?" : "/(" + words + ")";
  std::string amount = measure == Measure::money ? money_pattern : amount_pattern;
  // A life's amount may be a plain number.
  const std::string pattern = "^" + amount + period + "$";
  const bool may_be_plain = is_budget && measure != Measure::money;
  return one_or_list_schema(may_be_plain ? pattern_or_number_schema(pattern, "integer") : pattern_schema(pattern));
}

std::string AllowanceValue::example() const {
  if (measure == Measure::money) return "$500/month";
  if (is_budget) return measure == Measure::tokens ? "200k/day" : "1000/day";
  return measure == Measure::tokens ? "100k/minute" : "600/minute";
}

void ConcurrentValue::read(const Node& node, std::vector<WrittenAllowance>& value,
                           Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  std::size_t slash = node.text.find('/');
  if (slash != std::string::npos)
    return context.refuse(node.where,
                          cited(node.text) +
                              " has a time; concurrent is how many calls may run at "
                              "once, such as 50",
                          node.text.substr(0, slash));
  int count = 0;
  CountValue{1, 1'000'000}.read(node, count, context);
  if (count > 0) value.push_back({{count, std::nullopt}, node.text, node.where});
}

void AlertValue::read(const Node& node, std::vector<int>& value, Context& context) const {
  if (!expect_list(node, example(), context)) return;
  for (const Node& item : node.items) {
    auto percent = parsed(item, "80%", context, parse_percent);
    if (!percent) continue;
    if (*percent < 1 || *percent > 100)
      refuse_range(item, "1%", "100%", context);
    else if (!value.empty() && *percent <= value.back())
      context.refuse(item.where, cited(item.text) +
                                     " is not above the one before it; write them "
                                     "in ascending order, each once");
    else
      value.push_back(*percent);
  }
}

std::string AlertValue::schema() const {
  return set_schema(pattern_schema("^([1-9][0-9]?|100)%$"));
}

void PercentValue::read(const Node& node, int& value, Context& context) const {
  auto percent = parsed(node, example(), context, parse_percent);
  if (!percent) return;
  if (*percent < least || *percent > most)
    return refuse_range(node, show(least), show(most), context);
  value = *percent;
}

std::string PercentValue::schema() const { return pattern_schema("^[0-9]+%$"); }

void ZoneValue::read(const Node& node, std::string& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  if (!is_time_zone(node.text))
    return context.refuse(node.where,
                          cited(node.text) +
                              " is not a time zone of this machine; write one such as "
                              "Europe/Oslo, or UTC",
                          nearest(node.text, time_zones()));
  value = node.text;
}

void PriceValue::read(const Node& node, std::int64_t& value, Context& context) const {
  if (auto price = parsed(node, example(), context, parse_price)) value = *price;
}

std::string PriceValue::schema() const { return pattern_schema(price_pattern); }

void HourlyValue::read(const Node& node, std::int64_t& value, Context& context) const {
  auto price = parsed(node, example(), context, parse_hourly);
  if (!price) return;
  if (*price == 0) return context.refuse(node.where, "a price above $0 is expected here");
  value = *price;
}

std::string HourlyValue::show(std::int64_t value) const {
  return value == 0 ? std::string() : money_to_text(value) + "/hour";
}

std::string HourlyValue::schema() const {
  return pattern_schema(std::string("^") + money_pattern + "/hour$");
}

std::optional<std::int64_t> TokenCountValue::parse(const Node& node, Context& context) const {
  auto count = parsed(node, example(), context, parse_amount);
  if (!count || (*count >= least && *count <= most)) return count;
  refuse_range(node, amount_to_text(least), amount_to_text(most), context);
  return std::nullopt;
}

std::string TokenCountValue::schema() const {
  return pattern_or_number_schema(std::string("^") + amount_pattern + "$", "integer");
}

void DayValue::read(const Node& node, std::chrono::sys_days& value, Context& context) const {
  if (auto day = parsed(node, example(), context, parse_day)) value = *day;
}

std::string DayValue::schema() const { return pattern_schema("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"); }

void DaysValue::read(const Node& node, std::chrono::hours& value, Context& context) const {
  auto days = parsed(node, example(), context, parse_days);
  if (!days) return;
  if (*days < std::chrono::hours(24 * least) || *days > std::chrono::hours(24 * most))
    return refuse_range(node, std::to_string(least) + "d", std::to_string(most) + "d", context);
  value = *days;
}

std::string DaysValue::show(std::chrono::hours value) const {
  return std::to_string(value.count() / 24) + "d";
}

std::string DaysValue::schema() const { return pattern_schema("^[0-9]+d$"); }

void RedisValue::read(const Node& node, std::string& value, Context& context) const {
  if (auto address = parsed(node, example(), context, parse_redis)) value = std::move(*address);
}

std::string RedisValue::schema() const { return pattern_schema("^rediss?://[^/?#@]+(/[0-9]+)?$"); }

void WebhookValue::read(const Node& node, std::string& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  std::string address = node.text;
  Fault fault;
  if (address.starts_with("env:") || address.starts_with("file:")) {
    auto secret = resolve_secret(address, context.files_read, fault);
    if (!secret) return context.refuse(node.where, std::move(fault));
    address = secret->reveal();
  }
  if (auto good = parse_webhook(address, fault))
    value = std::move(*good);
  else
    context.refuse(node.where, std::move(fault));
}

std::string WebhookValue::schema() const {
  return pattern_schema("^(https?://[^/?#@]+([/?][^#]*)?|env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$");
}

}  // namespace tollgate::config
