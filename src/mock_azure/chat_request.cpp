#include "mock_azure/chat_request.hpp"

#include <algorithm>
#include <set>

#include "mock_azure/text.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t most_tools = 128;
constexpr std::int64_t most_choices = 128;

bool is_known_field(std::string_view name) {
  static const std::set<std::string_view> names = {
      "messages", "model", "stream", "stream_options", "temperature", "top_p", "n", "stop",
      "max_tokens", "max_completion_tokens", "presence_penalty", "frequency_penalty", "logit_bias",
      "logprobs", "top_logprobs", "user", "tools", "tool_choice", "parallel_tool_calls",
      "response_format", "seed", "functions", "function_call", "reasoning_effort", "verbosity",
      "prediction", "service_tier", "store", "metadata", "prompt_cache_key", "safety_identifier",
      "modalities", "audio", "web_search_options", "data_sources", "user_security_context",
      "prompt_cache_retention"};
  return names.contains(name);
}

bool is_role(std::string_view role) {
  return role == "system" || role == "developer" || role == "user" || role == "assistant" ||
         role == "tool" || role == "function";
}

ApiError invalid(std::string message, std::string param, std::string code = {}) {
  return {.message = std::move(message), .code = std::move(code), .param = std::move(param)};
}

// What the model reads of a message's content; images and files count by their reference.
std::optional<std::string> content_text(const Json& content) {
  if (content.is_null()) return std::string();
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return std::nullopt;
  std::string text;
  for (const Json& part : content) {
    const std::string type = string_member(part, "type");
    if (type == "text") text += string_member(part, "text");
    else if (type == "refusal") text += string_member(part, "refusal");
    else if (type == "image_url" || type == "input_audio" || type == "file") {
      text += "[" + type + " " + hex16(hash_bytes(0, dump_json(part))) + "]";
    } else {
      return std::nullopt;
    }
  }
  return text;
}

std::optional<ApiError> read_messages(const Json& messages, Question& q) {
  if (!messages.is_array()) {
    return invalid("'messages' is a required property", "messages");
  }
  if (messages.empty()) {
    return invalid("[] is too short - 'messages'", "messages");
  }
  if (messages.size() > most_messages) {
    return invalid("Invalid 'messages': array too long. Expected an array with maximum length 2048.",
                   "messages", "array_above_max_length");
  }
  std::size_t index = 0;
  for (const Json& message : messages) {
    const std::string where = "messages[" + std::to_string(index++) + "]";
    const std::string role = string_member(message, "role");
    if (!is_role(role)) {
      return invalid("Invalid value: '" + role +
                         "'. Supported values are: 'system', 'assistant', 'user', 'function', "
                         "'tool', and 'developer'.",
                     where + ".role", "invalid_value");
    }
    const auto text = content_text(member(message, "content"));
    if (!text) return invalid("Invalid type for '" + where + ".content'.", where + ".content");
    std::string read = *text;
    const Json& calls = member(message, "tool_calls");
    if (calls.is_array() && !calls.empty()) read += dump_json(calls);
    if (role == "tool") {
      if (string_member(message, "tool_call_id").empty()) {
        return invalid("Missing parameter 'tool_call_id'.", where + ".tool_call_id");
      }
      read += string_member(message, "tool_call_id");
    }
    read += string_member(message, "name");
    q.add_message(role, read);
    q.user_is_last = role == "user";
    if (role == "user" || role == "tool" || role == "function") q.asked = *text;
  }
  q.prompt_tokens += tokens_for_reply;
  return std::nullopt;
}

std::optional<ApiError> read_tools(const Json& body, Question& q) {
  const Json& tools = member(body, "tools");
  if (tools.is_array()) {
    if (tools.size() > most_tools) {
      return invalid("Invalid 'tools': array too long. Expected an array with maximum length 128.",
                     "tools", "array_above_max_length");
    }
    for (const Json& tool : tools) {
      const Json& function = member(tool, "function");
      if (string_member(tool, "type") != "function" || string_member(function, "name").empty()) {
        return invalid("Missing required parameter: 'tools[0].function.name'.", "tools");
      }
      q.tools.push_back({string_member(function, "name"), member(function, "parameters")});
      q.prompt_tokens += count_tokens(dump_json(function));
    }
  }
  const Json& choice = member(body, "tool_choice");
  if (choice == "none") q.tool_choice = ToolChoice::none;
  if (choice == "required") q.tool_choice = ToolChoice::required;
  if (choice.is_object()) {
    q.tool_choice = ToolChoice::required;
    q.forced_tool = string_member(member(choice, "function"), "name");
    const bool known = std::any_of(q.tools.begin(), q.tools.end(),
                                   [&](const Tool& tool) { return tool.name == q.forced_tool; });
    if (!known && !q.forced_tool.empty()) {
      return invalid("Tool choice 'function' not found in 'tools' parameter.", "tool_choice");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> read_response_format(const Json& format, Question& q) {
  if (!format.is_object()) return std::nullopt;
  const std::string type = string_member(format, "type");
  if (type == "json_object") {
    q.format = Format::json_object;
  } else if (type == "json_schema") {
    q.format = Format::json_schema;
    // Chat nests name and schema under json_schema; responses keep them beside the type.
    const Json& inner = member(format, "json_schema");
    q.schema = member(inner.is_object() ? inner : format, "schema");
    if (!q.schema.is_object()) {
      return invalid("Missing required parameter: 'response_format.json_schema.schema'.",
                     "response_format", "missing_required_parameter");
    }
  } else if (type != "text") {
    return invalid("Invalid value: '" + type +
                       "'. Supported values are: 'json_object', 'json_schema', and 'text'.",
                   "response_format.type", "invalid_value");
  }
  return std::nullopt;
}

ChatParse parse_chat(std::string_view body) {
  const Json json = parse_json(body);
  if (json.is_discarded() || !json.is_object()) {
    return ApiError{.message = "We could not parse the JSON body of your request. (HINT: This "
                               "likely means you aren't using your HTTP library correctly.)"};
  }
  return parse_chat_json(json);
}

ChatParse parse_chat_json(const Json& body) {
  ChatRequest r;
  Question& q = r.question;
  r.model = string_member(body, "model");
  r.stream = bool_member(body, "stream");
  for (const auto& [name, value] : body.items()) {
    if (r.unknown_field.empty() && !is_known_field(name)) r.unknown_field = name;
  }
  if (auto error = read_messages(member(body, "messages"), q)) return *error;
  if (auto error = read_tools(body, q)) return *error;
  if (auto error = read_response_format(member(body, "response_format"), q)) return *error;

  const Json& options = member(body, "stream_options");
  r.has_stream_options = options.is_object();
  r.include_usage = bool_member(options, "include_usage");
  r.obfuscates = bool_member(options, "include_obfuscation");
  r.logprobs = bool_member(body, "logprobs");

  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    const Json& limit = member(body, name);
    if (limit.is_null()) continue;
    if (!limit.is_number_integer() || limit.get<std::int64_t>() < 1) {
      return invalid("Invalid value for '" + std::string(name) +
                         "': expected an integer of at least 1.",
                     name, "integer_below_min_value");
    }
    q.max_tokens = limit.get<std::int64_t>();
    if (std::string_view(name) == "max_tokens") r.has_max_tokens = true;
  }
  for (const char* name : {"temperature", "top_p"}) {
    const Json& value = member(body, name);
    if (value.is_number() && value.get<double>() != 1.0) r.has_sampling = true;
    if (!value.is_null() && !value.is_number()) {
      return invalid("Invalid type for '" + std::string(name) + "': expected a decimal.", name,
                     "invalid_type");
    }
  }
  q.choices = int_member(body, "n", 1);
  if (q.choices < 1 || q.choices > most_choices) {
    return invalid("Invalid 'n': expected an integer from 1 to 128.", "n", "invalid_value");
  }
  const Json& stop = member(body, "stop");
  if (stop.is_string()) q.stop.push_back(stop.get<std::string>());
  if (stop.is_array()) {
    if (stop.size() > 4) {
      return invalid("Invalid 'stop': array too long. Expected an array with maximum length 4.",
                     "stop", "array_above_max_length");
    }
    for (const Json& one : stop) {
      if (one.is_string()) q.stop.push_back(one.get<std::string>());
    }
  }
  q.reasoning_effort = string_member(body, "reasoning_effort");
  return r;
}

std::optional<ApiError> check_chat(const ChatRequest& r, const Model& model, bool dated) {
  if (dated && !r.unknown_field.empty()) {
    return ApiError{.message = "Unrecognized request argument supplied: " + r.unknown_field};
  }
  if (r.has_stream_options && !r.stream) {
    return invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                   "stream_options");
  }
  if (model.reasoning && r.has_max_tokens) {
    return invalid(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "max_tokens", "unsupported_parameter");
  }
  if (model.reasoning && r.has_sampling) {
    return invalid(
        "Unsupported value: 'temperature' does not support this value with this model. Only the "
        "default (1) value is supported.",
        "temperature", "unsupported_value");
  }
  if (r.question.prompt_tokens > model.context_tokens) {
    return invalid("This model's maximum context length is " +
                       std::to_string(model.context_tokens) +
                       " tokens. However, your messages resulted in " +
                       std::to_string(r.question.prompt_tokens) +
                       " tokens. Please reduce the length of the messages.",
                   "messages", "context_length_exceeded");
  }
  return std::nullopt;
}

}  // namespace tollgate::mock
