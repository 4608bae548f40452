#include "openai/stream_end.hpp"

#include "openai/json_cursor.hpp"

#include <algorithm>
#include <array>

namespace tollgate::openai {

namespace {

// A response object repeats instructions and tools; one larger than this is told without them.
constexpr std::size_t most_kept = 64 * 1024;

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
  return out;
}

}  // namespace

void StreamEnd::see(std::string_view event, std::string_view data) {
  if (dialect_of(operation_) == Dialect::chat) {
    // Azure's first frame may hold prompt filter results alone, with an empty id.
    if (first_.empty() && data.size() <= most_kept && data.find("\"delta\"") != data.npos) first_ = data;
    if (first_.empty() && operation_ == Operation::completions && data.find("\"text\"") != data.npos) first_ = data;
    return;
  }
  constexpr std::string_view name = "\"sequence_number\":";
  if (const auto found = data.find(name); found != data.npos) {
    JsonCursor json(data.substr(found + name.size()));
    std::string_view number;
    std::int64_t value = 0;
    if (json.read_value(number) && read_integer(number, value)) sequence_number_ = value;
  }
  if (first_.empty() && event == "response.created" && data.size() <= most_kept) first_ = member(data, "response");
}

std::string StreamEnd::text(const Usage& usage, bool tells_usage) const {
  return dialect_of(operation_) == Dialect::chat ? chat_end(usage, tells_usage) : response_end(usage);
}

std::string StreamEnd::chat_end(const Usage& usage, bool tells_usage) const {
  std::string out = chunk_start(first_);
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
    out += chunk_start(first_);
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
