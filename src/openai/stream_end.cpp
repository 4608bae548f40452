#include "openai/stream_end.hpp"

#include "openai/json_cursor.hpp"

#include <algorithm>
#include <array>

namespace tollgate::openai {

namespace {

// What is kept lives as long as the stream, so data larger than this is not looked at, and what of it is
// long (a response repeats its instructions and tools) is told as empty.
constexpr std::size_t most_looked_at = 64 * 1024;
constexpr std::size_t longest_kept = 256;

// Calls `see(name, value)` for each member of an object, both as they are written.
template <class See>
void each_member(std::string_view object, See&& see) {
  JsonCursor json(object);
  JsonString key;
  if (json.peek() != '{' || !json.open_object()) return;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    std::string_view value;
    if (!json.read_value(value)) return;
    see(key.raw, value);
  }
}

std::string_view member(std::string_view object, std::string_view name) {
  std::string_view found;
  each_member(object, [&](std::string_view key, std::string_view value) {
    if (key == name) found = value;
  });
  return found;
}

void add_member(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(name).append("\":").append(value);
}

void add_number(std::string& out, std::string_view name, std::int64_t value) {
  add_member(out, name, std::to_string(value));
}

// The members that all chunks of one answer share.
std::string chunk_start(std::string_view first) {
  constexpr std::array<std::string_view, 5> shared{"id", "object", "created", "model", "system_fingerprint"};
  std::string out = "data: {";
  each_member(first, [&](std::string_view key, std::string_view value) {
    if (std::find(shared.begin(), shared.end(), key) != shared.end()) add_member(out, key, value);
  });
  out.shrink_to_fit();
  return out;
}

std::string without_long_members(std::string_view object) {
  std::string out = "{";
  each_member(object, [&](std::string_view key, std::string_view value) {
    const bool is_short = value.size() <= longest_kept;
    add_member(out, key, is_short ? value : value.front() == '[' ? "[]" : value.front() == '{' ? "{}" : "null");
  });
  out += '}';
  out.shrink_to_fit();
  return out;
}

}  // namespace

void StreamEnd::see(std::string_view event, std::string_view data) {
  if (dialect_of(operation_) == Dialect::chat) {
    if (!first_.empty() || data.size() > most_looked_at) return;
    // Azure's first frame may hold prompt filter results alone, with an empty id.
    const bool is_old = operation_ == Operation::completions;
    if (data.find(is_old ? "\"text\"" : "\"delta\"") != data.npos) first_ = chunk_start(data);
    return;
  }
  constexpr std::string_view name = "\"sequence_number\":";
  if (const auto found = data.find(name); found != data.npos) {
    JsonCursor json(data.substr(found + name.size()));
    std::string_view number;
    std::int64_t value = 0;
    if (json.read_value(number) && read_integer(number, value)) sequence_number_ = value;
  }
  if (first_.empty() && event == "response.created" && data.size() <= most_looked_at) first_ = without_long_members(member(data, "response"));
}

std::string StreamEnd::text(const Usage& usage, bool tells_usage) const {
  return dialect_of(operation_) == Dialect::chat ? chat_end(usage, tells_usage) : response_end(usage);
}

std::string StreamEnd::chat_end(const Usage& usage, bool tells_usage) const {
  const std::string_view start = first_.empty() ? std::string_view("data: {") : first_;
  std::string out(start);
  std::string choices = "[";
  for (std::int64_t i = 0; i < choices_; ++i) {
    if (i > 0) choices += ',';
    choices.append("{\"index\":").append(std::to_string(i));
    choices.append(operation_ == Operation::completions ? ",\"text\":\"\"" : ",\"delta\":{}");
    choices.append(",\"logprobs\":null,\"finish_reason\":\"length\"}");
  }
  choices += ']';
  add_member(out, "choices", choices);
  out += "}\n\n";
  if (tells_usage) {
    std::string told = "{";
    add_number(told, "prompt_tokens", usage.prompt_tokens);
    add_number(told, "completion_tokens", usage.completion_tokens);
    add_number(told, "total_tokens", usage.total_tokens);
    told += '}';
    out += start;
    add_member(out, "choices", "[]");
    add_member(out, "usage", told);
    out += "}\n\n";
  }
  out += "data: [DONE]\n\n";
  return out;
}

std::string StreamEnd::response_end(const Usage& usage) const {
  std::string response = "{";
  each_member(first_, [&](std::string_view key, std::string_view value) {
    if (key != "status" && key != "incomplete_details" && key != "usage") add_member(response, key, value);
  });
  add_member(response, "status", "\"incomplete\"");
  add_member(response, "incomplete_details", R"({"reason":"max_output_tokens"})");
  std::string told = "{";
  add_number(told, "input_tokens", usage.prompt_tokens);
  add_number(told, "output_tokens", usage.completion_tokens);
  add_number(told, "total_tokens", usage.total_tokens);
  told += '}';
  add_member(response, "usage", told);
  response += '}';

  std::string out = "event: response.incomplete\ndata: {\"type\":\"response.incomplete\"";
  add_number(out, "sequence_number", sequence_number_ + 1);
  add_member(out, "response", response);
  out += "}\n\n";
  return out;
}

}  // namespace tollgate::openai
