#include "mock_azure/directives.hpp"

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::string_view opening = "[[mock ";
constexpr std::int64_t longest_answer = 200'000;
constexpr std::int64_t longest_wait_us = 3'600'000'000;

std::optional<std::chrono::microseconds> wait_of(std::string_view value, std::int64_t unit_us) {
  const auto number = to_integer(value);
  if (!number || *number < 0 || *number > longest_wait_us / unit_us) return std::nullopt;
  return std::chrono::microseconds(*number * unit_us);
}

FilterWish filter_of(std::string_view value) {
  if (value == "plural") return FilterWish::prompt_plural;
  if (value == "bare") return FilterWish::prompt_bare;
  if (value == "completion") return FilterWish::completion;
  return FilterWish::prompt;
}

void apply_word(Directives& d, std::string_view word) {
  const std::size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = equals == word.npos ? std::string_view() : word.substr(equals + 1);
  const auto number = to_integer(value);
  const bool countable = number && *number >= 0 && *number <= longest_answer;
  if (key == "ttft_ms") d.first_token = wait_of(value, 1000);
  else if (key == "ttft_us" || key == "delay_us") d.first_token = wait_of(value, 1);
  else if (key == "gap_ms") d.gap = wait_of(value, 1000);
  else if (key == "gap_us" || key == "interval_us") d.gap = wait_of(value, 1);
  else if ((key == "tokens" || key == "chunks") && countable) d.tokens = *number;
  else if (key == "cached" && countable) d.cached_tokens = *number;
  else if (key == "reasoning" && countable) d.reasoning_tokens = *number;
  else if (key == "calls" && countable) d.tool_calls = *number > 16 ? 16 : *number;
  else if (key == "notools") d.answers_with_text = true;
  else if (key == "async") d.async_filter = true;
  else if (key == "stamp") d.stamps = value != "0";
  else if (key == "coalesce") d.coalesces = value != "0";
  else if (key == "fail") d.fails = true;
  else if (key == "filter") d.filter = filter_of(value);
  else apply_fault_word(d.fault, word);
}

}  // namespace

Directives parse_directives(std::string_view body) {
  Directives d;
  for (std::size_t at = body.find(opening); at != body.npos; at = body.find(opening, at)) {
    at += opening.size();
    const std::size_t end = body.find("]]", at);
    if (end == body.npos) break;
    std::string_view words = body.substr(at, end - at);
    while (!words.empty()) {
      const std::size_t space = words.find(' ');
      apply_word(d, words.substr(0, space));
      if (space == words.npos) break;
      words.remove_prefix(space + 1);
    }
  }
  return d;
}

std::string without_directives(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find(opening);
    out.append(text.substr(0, at));
    if (at == text.npos) break;
    const std::size_t end = text.find("]]", at);
    if (end == text.npos) break;
    text.remove_prefix(end + 2);
  }
  return out;
}

}  // namespace tollgate::mock
