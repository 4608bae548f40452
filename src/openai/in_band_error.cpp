#include "openai/in_band_error.hpp"

#include "base/ascii.hpp"
#include "openai/json_cursor.hpp"

#include <algorithm>

namespace tollgate::openai {

namespace {

struct Found {
  std::string_view code, type;
};

std::string_view take_text(JsonCursor& json) {
  std::string_view value;
  if (!json.read_value(value)) return {};
  if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
  return value == "null" ? std::string_view() : value;
}

// Members of an error object, or of the event itself; objects that may hold the error are entered.
void search(JsonCursor& json, Found& found, int depth) {
  if (json.peek() != '{' || depth > 3) {
    json.skip_value();
    return;
  }
  json.open_object();
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw == "error" || key.raw == "response") {
      search(json, found, depth + 1);
    } else if (key.raw == "code") {
      if (const auto text = take_text(json); found.code.empty()) found.code = text;
    } else if (key.raw == "type" && depth > 0) {
      if (const auto text = take_text(json); found.type.empty()) found.type = text;
    } else {
      json.skip_value();
    }
    if (json.is_broken()) return;
  }
}

}  // namespace

InBandError in_band_error(std::string_view data) {
  // azure-openai: errors; Responses error codes.
  static constexpr std::string_view callers[] = {
      "content_filter", "content_policy_violation", "context_length_exceeded", "invalid_prompt", "invalid_request_error",
      "invalid_value", "unsupported_parameter", "unsupported_value", "previous_response_not_found", "bio_policy",
      "failed_to_download_image", "image_parse_error", "data_residency_mismatch", "string_above_max_length", "400"};
  static constexpr std::string_view throttled[] = {"rate_limit_exceeded", "RateLimitReached", "429", "rate_limit_error",
                                                   "too_many_requests", "insufficient_quota"};
  JsonCursor json(data);
  Found found;
  search(json, found, 0);
  const auto is_one_of = [](std::string_view word, const auto& words) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
  };
  if (is_one_of(found.code, callers) || found.code.starts_with("invalid_image") || found.code.starts_with("image_")) {
    return InBandError::callers;
  }
  if (is_one_of(found.code, throttled) || is_one_of(found.type, throttled)) return InBandError::throttled;
  if (found.code.empty() && found.type == "invalid_request_error") return InBandError::callers;
  return InBandError::failed;
}

bool has_ends_of_object(std::string_view data) noexcept {
  while (!data.empty() && base::is_json_space(data.front())) data.remove_prefix(1);
  while (!data.empty() && base::is_json_space(data.back())) data.remove_suffix(1);
  return data.size() >= 2 && data.front() == '{' && data.back() == '}';
}

}  // namespace tollgate::openai
