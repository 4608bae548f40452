// What a chat, completion or response request asks, freed from its wire form; and the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mock_azure/directives.hpp"
#include "mock_azure/json.hpp"
#include "mock_azure/model_catalog.hpp"
#include "mock_azure/reply.hpp"

namespace tollgate::mock {

struct Tool {
  std::string name;
  Json parameters;
};

enum class ToolChoice { none, automatic, required };
enum class Format { text, json_object, json_schema };

struct Question {
  std::uint64_t content = 0;  // hash of the conversation; grows message by message
  std::string asked;          // text of the last user or tool message
  bool user_is_last = false;
  std::int64_t prompt_tokens = 0;
  std::optional<std::int64_t> max_tokens;
  std::int64_t choices = 1;
  std::vector<std::string> stop;
  std::vector<Tool> tools;
  ToolChoice tool_choice = ToolChoice::automatic;
  std::string forced_tool;
  Format format = Format::text;
  Json schema;
  std::string reasoning_effort;

  // Adds one message: its role and all that the model would read of it.
  void add_message(std::string_view role, std::string_view text);
};

struct ToolCall {
  std::string id, name, arguments;
};

struct Choice {
  std::string text;
  std::vector<ToolCall> calls;
  std::string_view finish = "stop";  // stop, length, tool_calls, content_filter
  std::int64_t tokens = 0;           // visible ones
};

struct Answer {
  std::uint64_t meaning = 0;
  std::vector<Choice> choices;
  Usage usage;
};

// What admission assumes the answer may take when the request sets no limit.
inline constexpr std::int64_t assumed_output_tokens = 256;
std::int64_t most_output_tokens(const Question& question);

// Deterministic: the same question to the same model with the same directives has one answer.
Answer make_answer(const Question& question, const Model& model, const Directives& directives,
                   std::uint64_t meaning);

}  // namespace tollgate::mock
