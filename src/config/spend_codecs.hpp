// Kinds of values in limits, budgets and prices.
#pragma once

#include "config/amounts.hpp"
#include "config/codecs.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tollgate::config {

// A value that may be absent: what was not written, or does not apply.
template <class Codec>
struct Maybe {
  Codec codec;
  template <class V>
  void read(const Node& node, std::optional<V>& value, Context& context) const {
    V got{};
    std::size_t before = context.problems.size();
    codec.read(node, got, context);
    if (context.problems.size() == before) value = std::move(got);
  }
  template <class V>
  std::string show(const std::optional<V>& value) const {
    return value ? codec.show(*value) : std::string();
  }
  std::string schema() const { return codec.schema(); }
  std::string example() const { return codec.example(); }
};
template <class Codec>
Maybe(Codec) -> Maybe<Codec>;

// 600/minute, or a list of such; in budgets also without a period.
struct AllowanceValue {
  Measure measure = Measure::requests;
  bool is_budget = false;
  void read(const Node& node, std::vector<WrittenAllowance>& value, Context& context) const;
  std::string show(const std::vector<WrittenAllowance>&) const { return {}; }
  std::string schema() const;
  std::string example() const;
};

// How many calls at a time.
struct ConcurrentValue {
  void read(const Node& node, std::vector<WrittenAllowance>& value, Context& context) const;
  std::string show(const std::vector<WrittenAllowance>&) const { return {}; }
  std::string schema() const { return R"({"type":"integer","minimum":1,"maximum":1000000})"; }
  std::string example() const { return "50"; }
};

// [80%, 95%]
struct AlertValue {
  void read(const Node& node, std::vector<int>& value, Context& context) const;
  std::string show(const std::vector<int>&) const { return {}; }
  std::string schema() const;
  std::string example() const { return "[80%, 95%]"; }
};

struct PercentValue {
  int least = 0;
  int most = 100;
  void read(const Node& node, int& value, Context& context) const;
  std::string show(int value) const { return std::to_string(value) + "%"; }
  std::string schema() const;
  std::string example() const { return "50%"; }
};

struct ZoneValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const { return R"({"type":"string"})"; }
  std::string example() const { return "Europe/Oslo"; }
};

// The price of a million tokens.
struct PriceValue {
  std::string sample = "$2.50";
  void read(const Node& node, std::int64_t& value, Context& context) const;
  std::string show(std::int64_t value) const { return price_to_text(value); }
  std::string schema() const;
  std::string example() const { return sample; }
};

// $1/hour; 0 is not set.
struct HourlyValue {
  void read(const Node& node, std::int64_t& value, Context& context) const;
  std::string show(std::int64_t value) const;
  std::string schema() const;
  std::string example() const { return "$1/hour"; }
};

// 16k: a number of tokens.
struct TokenCountValue {
  std::int64_t least = 1;
  std::int64_t most = 10'000'000;
  std::string sample = "16k";
  template <class Int>
  void read(const Node& node, Int& value, Context& context) const {
    if (auto count = parse(node, context)) value = static_cast<Int>(*count);
  }
  std::string show(std::int64_t value) const { return value == 0 ? "" : amount_to_text(value); }
  std::string schema() const;
  std::string example() const { return sample; }

 private:
  std::optional<std::int64_t> parse(const Node& node, Context& context) const;
};

struct DayValue {
  void read(const Node& node, std::chrono::sys_days& value, Context& context) const;
  std::string show(std::chrono::sys_days value) const { return day_to_text(value); }
  std::string schema() const;
  std::string example() const { return "2027-01-01"; }
};

struct DaysValue {
  int least = 1;
  int most = 3650;
  std::string sample = "400d";
  void read(const Node& node, std::chrono::hours& value, Context& context) const;
  std::string show(std::chrono::hours value) const;
  std::string schema() const;
  std::string example() const { return sample; }
};

// redis://host:port/db or rediss://
struct RedisValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const;
  std::string example() const { return "rediss://cache.example:6380"; }
};

// An https address, or a reference to one that is secret.
struct WebhookValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string&) const { return {}; }
  std::string schema() const;
  std::string example() const { return "https://alerts.example/tollgate"; }
};

}  // namespace tollgate::config
