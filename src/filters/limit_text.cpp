#include "filters/limit_text.hpp"

#include "http/chunk_writer.hpp"

#include <array>
#include <cstdio>

namespace tollgate::filters {

namespace {

// The official SDKs wait no longer than this: told a longer time they ask again at once.
constexpr std::int64_t longest_sdk_wait_ms = 60'000;

std::string with_commas(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string dollars(std::int64_t nano) {
  char text[48];
  const std::int64_t whole = nano / 1'000'000'000, rest = nano % 1'000'000'000;
  std::snprintf(text, sizeof text, "%lld.%09lld", static_cast<long long>(whole), static_cast<long long>(rest));
  std::string out = text;
  // Cents always, finer only as far as there is something.
  while (out.back() == '0' && out.size() > std::to_string(whole).size() + 3) out.pop_back();
  return "$" + out;
}

void append_duration(std::string& out, std::int64_t ms) {
  if (ms < 1000) {
    http::append_number(out, static_cast<std::uint64_t>(ms < 0 ? 0 : ms));
    out += "ms";
    return;
  }
  const std::int64_t minutes = ms / 60'000;
  if (minutes >= 60) {
    http::append_number(out, static_cast<std::uint64_t>(minutes / 60));
    out += 'h';
  }
  if (minutes > 0) {
    http::append_number(out, static_cast<std::uint64_t>(minutes % 60));
    out += 'm';
  }
  http::append_number(out, static_cast<std::uint64_t>(ms % 60'000 / 1000));
  if (const std::int64_t rest = ms % 1000; rest != 0) {
    char fraction[8];
    std::snprintf(fraction, sizeof fraction, ".%03d", static_cast<int>(rest));
    std::string_view digits = fraction;
    while (digits.back() == '0') digits.remove_suffix(1);
    out += digits;
  }
  out += 's';
}

std::string length_of(const Window& window) {
  switch (window.kind) {
    case WindowKind::hour: return "an hour";
    case WindowKind::day: return "a day";
    case WindowKind::week: return "a week";
    case WindowKind::month: return "a month";
    case WindowKind::life: return "in all";
    case WindowKind::sliding: break;
  }
  const std::int64_t ms = window.length.count();
  if (ms == 1'000) return "a second";
  if (ms == 60'000) return "a minute";
  if (ms == 3'600'000) return "an hour";
  if (ms == 86'400'000) return "a day";
  std::string out = "in ";
  append_duration(out, ms);
  return out;
}

std::string utc_text(WallTime at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::ceil<std::chrono::seconds>(at));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

void append_level(std::string& out, std::string_view what, const limits::Level& level) {
  if (level.limit < 0) return;
  const auto line = [&](std::string_view name) { out.append("x-ratelimit-").append(name).append("-").append(what).append(": "); };
  line("limit");
  http::append_number(out, static_cast<std::uint64_t>(level.limit));
  out += "\r\n";
  line("remaining");
  http::append_number(out, static_cast<std::uint64_t>(level.remaining));
  out += "\r\n";
  line("reset");
  append_duration(out, level.reset_ms);
  out += "\r\n";
}

std::string describe_amount(Measure measure, std::int64_t amount) {
  switch (measure) {
    case Measure::money: return dollars(amount);
    case Measure::tokens: return with_commas(amount) + (amount == 1 ? " token" : " tokens");
    case Measure::requests:
    case Measure::concurrent: return with_commas(amount) + (amount == 1 ? " request" : " requests");
  }
  return {};
}

std::string describe(const SpendRule& rule) {
  const std::string amount = describe_amount(rule.measure, rule.amount);
  if (rule.measure == Measure::concurrent) return amount + " at a time";
  return amount + " " + length_of(rule.window);
}

Error refusal_of(const SpendRule& rule, std::int64_t used, std::int64_t wait_ms, WallTime now) {
  Error error;
  error.source = ErrorSource::client;
  error.kind = rule.is_budget ? ErrorKind::quota_exhausted : ErrorKind::rate_limited;
  const std::string which = (rule.is_budget ? "budget `" : "limit `") + rule.name + "` (" + describe(rule) + ")";
  const std::string state = used < 0 ? std::string() : ", " + describe_amount(rule.measure, used) + " used or reserved";
  if (wait_ms < 0) {
    error.message = "This request alone is more than the " + which + " ever allows; make it smaller.";
    error.is_final = true;
    return error;
  }
  error.retry_after = std::chrono::milliseconds(wait_ms);
  error.is_final = rule.is_budget || wait_ms > longest_sdk_wait_ms;
  if (rule.is_budget) {
    const bool has_some = used >= 0 && used < rule.amount;
    const std::string standing =
        has_some ? " has " + describe_amount(rule.measure, rule.amount - used) + " left, less than this request is expected to take"
                 : " is spent" + state;
    error.message = "The " + which + standing + ". It resets at " +
                    utc_text(std::chrono::floor<std::chrono::milliseconds>(now) + std::chrono::milliseconds(wait_ms)) + ".";
  } else if (rule.measure == Measure::concurrent) {
    error.message = "The " + which + " is reached. Please try again when one has ended.";
  } else {
    std::string wait;
    append_duration(wait, wait_ms);
    error.message = "The " + which + " is reached" + state + ". Please try again in " + wait + ".";
  }
  return error;
}

Error unshared_refusal(const SpendRule& rule) {
  Error error;
  error.kind = ErrorKind::overloaded;
  error.message = rule.is_budget ? "The budget `" : "The limit `";
  error.message.append(rule.name).append("` (").append(describe(rule));
  error.message += ") cannot be checked at the moment: the store that gateways share is away.";
  error.retry_after = std::chrono::seconds(1);
  return error;
}

}  // namespace tollgate::filters
