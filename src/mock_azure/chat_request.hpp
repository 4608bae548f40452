// Reads chat-completions bodies: a full reader, and a quick one for plain text conversations.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "mock_azure/api_error.hpp"
#include "mock_azure/question.hpp"

namespace tollgate::mock {

constexpr std::size_t most_messages = 2048;  // in one request

struct ChatRequest {
  Question question;
  std::string model;
  bool stream = false;
  bool include_usage = false;
  bool obfuscates = false;
  bool logprobs = false;
  bool has_max_tokens = false;        // the old name, which reasoning models refuse
  bool has_sampling = false;          // temperature or top_p other than 1
  bool has_stream_options = false;
  std::string unknown_field;          // the first one, which dated versions refuse
};

using ChatParse = std::variant<ChatRequest, ApiError>;

ChatParse parse_chat(std::string_view body);
ChatParse parse_chat_json(const Json& body);

// Reads a body of string messages and common settings without building a DOM, several times
// faster. Empty for everything else, including whatever may be wrong: then `parse_chat` decides.
// Both give the same ChatRequest for the bodies that this one reads.
std::optional<ChatRequest> scan_plain_chat(std::string_view body);

// What the model or surface refuses although the body is well formed.
std::optional<ApiError> check_chat(const ChatRequest& request, const Model& model, bool dated);

// Shared with the other text surfaces.
std::optional<ApiError> read_response_format(const Json& format, Question& question);

}  // namespace tollgate::mock
