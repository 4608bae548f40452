#include "openai/usage_reader.hpp"

#include <algorithm>

namespace tollgate::openai {
namespace {

// More than any call can use; beyond it a number is a fault, and adding such numbers up could
// overflow.
constexpr std::int64_t most_tokens = 1'000'000'000'000;

constexpr std::int64_t unknown = -1;

struct Counts {
  std::int64_t prompt = unknown;
  std::int64_t completion = unknown;
  std::int64_t total = unknown;
  std::int64_t cached = unknown;
  std::int64_t cache_write = unknown;
  std::int64_t reasoning = unknown;
  std::int64_t prompt_audio = unknown;
  std::int64_t completion_audio = unknown;
  std::int64_t cached_audio = unknown;
};

void take_count(JsonCursor& json, std::int64_t& count) {
  std::string_view literal;
  std::int64_t value = 0;
  if (json.read_value(literal) && read_integer(literal, value) && value >= 0 &&
      value <= most_tokens)
    count = value;
}

// Gives the name of each member of an object to `take`, which reads its value; anything else is skipped.
template <class Take>
void take_members(JsonCursor& json, Take take) {
  if (json.peek() != '{') {
    json.skip_value();
    return;
  }
  json.open_object();
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    take(key.raw);
    if (json.is_broken()) return;
  }
}

void take_prompt_details(JsonCursor& json, Counts& counts) {
  take_members(json, [&](std::string_view name) {
    if (name == "cached_tokens")
      take_count(json, counts.cached);
    else if (name == "cache_write_tokens")
      take_count(json, counts.cache_write);
    else if (name == "audio_tokens")
      take_count(json, counts.prompt_audio);
    else if (name == "cached_tokens_details")
      take_members(json, [&](std::string_view part) {
        if (part == "audio_tokens")
          take_count(json, counts.cached_audio);
        else
          json.skip_value();
      });
    else
      json.skip_value();
  });
}

void take_answer_details(JsonCursor& json, Counts& counts) {
  take_members(json, [&](std::string_view name) {
    if (name == "reasoning_tokens")
      take_count(json, counts.reasoning);
    else if (name == "audio_tokens")
      take_count(json, counts.completion_audio);
    else
      json.skip_value();
  });
}

}  // namespace

bool take_usage(JsonCursor& json, Usage& usage) {
  if (json.peek() != '{') {
    json.skip_value();
    return false;
  }
  json.open_object();
  Counts counts;
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    const auto name = key.raw;
    if (name == "prompt_tokens" || name == "input_tokens")
      take_count(json, counts.prompt);
    else if (name == "completion_tokens" || name == "output_tokens")
      take_count(json, counts.completion);
    else if (name == "total_tokens")
      take_count(json, counts.total);
    else if (name == "prompt_tokens_details" || name == "input_tokens_details" || name == "input_token_details")
      take_prompt_details(json, counts);
    else if (name == "completion_tokens_details" || name == "output_tokens_details" || name == "output_token_details")
      take_answer_details(json, counts);
    else
      json.skip_value();
    if (json.is_broken()) return false;
  }
  if (json.is_broken()) return false;
  if (counts.prompt == unknown && counts.completion == unknown && counts.total == unknown)
    return false;

  const auto known = [](std::int64_t count) { return std::max<std::int64_t>(count, 0); };
  usage.prompt_tokens = known(counts.prompt);
  usage.completion_tokens = known(counts.completion);
  usage.cached_tokens = known(counts.cached);
  usage.cache_write_tokens = known(counts.cache_write);
  usage.reasoning_tokens = known(counts.reasoning);
  usage.prompt_audio_tokens = known(counts.prompt_audio);
  usage.completion_audio_tokens = known(counts.completion_audio);
  // Where it is not told which of the cached tokens are audio, text is: usually the dearer reading.
  const std::int64_t text = std::max<std::int64_t>(0, usage.prompt_tokens - usage.prompt_audio_tokens);
  usage.cached_audio_tokens = counts.cached_audio == unknown ? known(usage.cached_tokens - text) : counts.cached_audio;
  usage.total_tokens =
      counts.total == unknown ? usage.prompt_tokens + usage.completion_tokens : counts.total;
  usage.is_reported = true;
  return true;
}

}  // namespace tollgate::openai
