// The Responses API: create, get, stream again, cancel, delete, input items.
#include <algorithm>
#include <optional>
#include <utility>

#include "mock_azure/api_error.hpp"
#include "mock_azure/chat_request.hpp"
#include "mock_azure/content_filter.hpp"
#include "mock_azure/object_store.hpp"
#include "mock_azure/resource.hpp"
#include "mock_azure/surfaces/response_events.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

Reply no_such_response(std::string_view id) {
  return error_reply({.status = 404,
                      .message = "Response with id '" + std::string(id) + "' not found.",
                      .code = "not_found",
                      .param = "response_id"});
}

std::string item_text(const Json& item) {
  const Json& content = member(item, "content");
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (content.is_array()) {
    for (const Json& part : content) {
      const std::string type = string_member(part, "type");
      if (type == "input_text" || type == "output_text") text += string_member(part, "text");
      else text += "[" + type + " " + hex16(hash_bytes(0, dump_json(part))) + "]";
    }
  }
  return text;
}

// Items as the service lists them: ids given, bare strings made messages.
Json listed_items(const Json& input, std::uint64_t seed) {
  Json items = Json::array();
  if (input.is_string()) {
    items.push_back(Json{{"type", "message"},
                         {"role", "user"},
                         {"content", Json::array({{{"type", "input_text"}, {"text", input}}})}});
  } else if (input.is_array()) {
    items = input;
  }
  std::uint64_t number = 0;
  for (Json& item : items) {
    if (!item.is_object()) continue;
    if (!item.contains("type")) item["type"] = "message";
    if (!item.contains("id")) item["id"] = "msg_" + token_id(seed + ++number, 32);
    if (item["type"] == "message" && member(item, "content").is_string()) {
      const std::string text = string_member(item, "content");
      item["content"] = Json::array({{{"type", "input_text"}, {"text", text}}});
    }
  }
  return items;
}

bool read_input(const Json& input, Question& q) {
  if (input.is_string()) {
    q.asked = input.get<std::string>();
    q.user_is_last = true;
    q.add_message("user", q.asked);
    return true;
  }
  if (!input.is_array() || input.empty()) return false;
  for (const Json& item : input) {
    if (!item.is_object()) return false;
    const std::string type = string_member(item, "type", "message");
    if (type == "message") {
      const std::string role = string_member(item, "role");
      const std::string text = item_text(item);
      q.add_message(role, text);
      q.user_is_last = role == "user";
      if (q.user_is_last) q.asked = text;
    } else {
      // Calls, outputs, reasoning: read by the model as they stand.
      q.add_message(type, dump_json(item));
      q.user_is_last = false;
      if (type == "function_call_output") q.asked = string_member(item, "output");
    }
  }
  return true;
}

void read_tools(const Json& body, Question& q) {
  const Json& tools = member(body, "tools");
  if (tools.is_array()) {
    for (const Json& tool : tools) {
      if (string_member(tool, "type") != "function") continue;
      q.tools.push_back({string_member(tool, "name"), member(tool, "parameters")});
      q.prompt_tokens += count_tokens(dump_json(tool));
    }
  }
  const Json& choice = member(body, "tool_choice");
  if (choice == "none") q.tool_choice = ToolChoice::none;
  if (choice == "required") q.tool_choice = ToolChoice::required;
  if (choice.is_object() && string_member(choice, "type") == "function") {
    q.tool_choice = ToolChoice::required;
    q.forced_tool = string_member(choice, "name");
  }
}

Json output_items(const Answer& answer, bool reasons) {
  Json output = Json::array();
  if (reasons) {
    output.push_back(Json{{"type", "reasoning"},
                          {"id", "rs_" + token_id(answer.meaning + 2, 48)},
                          {"summary", Json::array()}});
  }
  const Choice& choice = answer.choices.front();
  const bool whole = choice.finish == "stop" || choice.finish == "tool_calls";
  const char* status = whole ? "completed" : "incomplete";
  std::uint64_t number = 0;
  for (const ToolCall& call : choice.calls) {
    output.push_back(Json{{"type", "function_call"},
                          {"id", "fc_" + token_id(answer.meaning + 500 + number++, 48)},
                          {"call_id", call.id},
                          {"name", call.name},
                          {"arguments", call.arguments},
                          {"status", status}});
  }
  if (choice.calls.empty() && !(choice.text.empty() && !whole)) {
    output.push_back(Json{{"type", "message"},
                          {"id", "msg_" + token_id(answer.meaning + 3, 48)},
                          {"status", status},
                          {"role", "assistant"},
                          {"content", Json::array({{{"type", "output_text"},
                                                    {"text", choice.text},
                                                    {"annotations", Json::array()},
                                                    {"logprobs", Json::array()}}})}});
  }
  return output;
}

Json response_usage(const Usage& usage) {
  return Json{{"input_tokens", usage.prompt},
              {"input_tokens_details", {{"cached_tokens", usage.cached}}},
              {"output_tokens", usage.completion},
              {"output_tokens_details", {{"reasoning_tokens", usage.reasoning}}},
              {"total_tokens", usage.total()}};
}

Json content_filters(bool completion_blocked) {
  const auto one = [](const char* source, bool blocked, std::string_view results) {
    return Json{{"blocked", blocked},
                {"source_type", source},
                {"content_filter_raw", Json::array()},
                {"content_filter_results", parse_json(results)},
                {"content_filter_offsets",
                 {{"start_offset", 0}, {"end_offset", 0}, {"check_offset", 0}}}};
  };
  return Json::array(
      {one("prompt", false, safe_prompt_results),
       one("completion", completion_blocked,
           completion_blocked ? violent_results : safe_completion_results)});
}

Json value_or(const Json& body, const char* key, Json fallback) {
  const Json& value = member(body, key);
  return value.is_null() ? fallback : value;
}

Json response_object(const Json& body, const Answer& answer, const Model& model, bool fails) {
  const Choice& choice = answer.choices.front();
  const bool cut = choice.finish == "length";
  const bool filtered = choice.finish == "content_filter";
  const bool store = bool_member(body, "store", true);
  Json r{{"id", "resp_" + token_id(answer.meaning, 48)},
         {"object", "response"},
         {"created_at", created_of(answer.meaning)},
         {"status", fails ? "failed" : cut || filtered ? "incomplete" : "completed"},
         {"background", bool_member(body, "background")},
         {"content_filters", content_filters(filtered)},
         {"error", nullptr},
         {"incomplete_details", nullptr},
         {"instructions", member(body, "instructions")},
         {"max_output_tokens", member(body, "max_output_tokens")},
         {"model", model.version},
         {"output", Json::array()},
         {"parallel_tool_calls", bool_member(body, "parallel_tool_calls", true)},
         {"previous_response_id", member(body, "previous_response_id")},
         {"reasoning", value_or(body, "reasoning", {{"effort", nullptr}, {"summary", nullptr}})},
         {"service_tier", "default"},
         {"store", store},
         {"temperature", value_or(body, "temperature", 1.0)},
         {"text", value_or(body, "text", {{"format", {{"type", "text"}}}})},
         {"tool_choice", value_or(body, "tool_choice", "auto")},
         {"tools", value_or(body, "tools", Json::array())},
         {"top_p", value_or(body, "top_p", 1.0)},
         {"truncation", value_or(body, "truncation", "disabled")},
         {"usage", nullptr},
         {"user", member(body, "user")},
         {"metadata", value_or(body, "metadata", Json::object())}};
  if (fails) {
    r["error"] = Json{{"code", "server_error"},
                      {"message", "An error occurred while processing your request."}};
    return r;
  }
  if (cut) r["incomplete_details"] = Json{{"reason", "max_output_tokens"}};
  if (filtered) r["incomplete_details"] = Json{{"reason", "content_filter"}};
  r["output"] = output_items(answer, model.reasoning);
  r["usage"] = response_usage(answer.usage);
  return r;
}

// What a poll of a background response sees: queued, then in progress, then the end.
Json seen_at(const StoredResponse& stored) {
  if (!bool_member(stored.object, "background") || stored.polls >= 2) return stored.object;
  if (string_member(stored.object, "status") == "cancelled") return stored.object;
  Json early = stored.object;
  early["status"] = stored.polls == 0 ? "queued" : "in_progress";
  early["output"] = Json::array();
  early["usage"] = nullptr;
  early["error"] = nullptr;
  early["incomplete_details"] = nullptr;
  return early;
}

// Adds the stored history of a chained request; a reply when there is none.
std::optional<Reply> read_history(Call& call, const Json& body, Question& question) {
  const std::string previous = string_member(body, "previous_response_id");
  if (previous.empty()) return std::nullopt;
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  const auto it = store.responses.find(previous);
  if (it == store.responses.end()) {
    return invalid_request("Previous response with id '" + previous + "' not found.",
                           "previous_response_id", "previous_response_not_found");
  }
  question.prompt_tokens += it->second.history_tokens;  // the service counts it all again
  question.content = hash_bytes(question.content, previous);
  return std::nullopt;
}

std::optional<Reply> check(const Json& body, const Question& question, const Model& model) {
  if (question.max_tokens && *question.max_tokens < 16) {
    return invalid_request(
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but "
        "got " + std::to_string(*question.max_tokens) + " instead.",
        "max_output_tokens", "integer_below_min_value");
  }
  if (bool_member(body, "background") && !bool_member(body, "store", true)) {
    return invalid_request("Background mode requires 'store' to be true.", "store",
                           "invalid_value");
  }
  const Json& temperature = member(body, "temperature");
  if (model.reasoning && temperature.is_number() && temperature.get<double>() != 1.0) {
    return invalid_request(
        "Unsupported parameter: 'temperature' is not supported with this model.", "temperature",
        "unsupported_parameter");
  }
  return std::nullopt;
}

Reply create_response(Call& call) {
  const Json body = parse_json(call.http.body);
  if (!body.is_object()) return bad_json();
  call.stream = bool_member(body, "stream");
  if (auto refused = choose_deployment(call, string_member(body, "model"))) {
    return std::move(*refused);
  }
  Question question;
  const std::string instructions = string_member(body, "instructions");
  if (!instructions.empty()) question.add_message("system", instructions);
  if (auto missing = read_history(call, body, question)) return std::move(*missing);
  const Json& input = member(body, "input");
  if (!read_input(input, question)) {
    return invalid_request("Missing required parameter: 'input'.", "input",
                           "missing_required_parameter");
  }
  question.prompt_tokens += tokens_for_reply;
  read_tools(body, question);
  if (const auto error = read_response_format(member(member(body, "text"), "format"), question)) {
    return error_reply(*error);
  }
  question.reasoning_effort = string_member(member(body, "reasoning"), "effort");
  if (member(body, "max_output_tokens").is_number_integer()) {
    question.max_tokens = int_member(body, "max_output_tokens", 0);
  }
  const Model& model = call.deployment->model();
  if (auto refused = check(body, question, model)) return std::move(*refused);
  if (auto throttled = admit(call, question.prompt_tokens, most_output_tokens(question))) {
    return std::move(*throttled);
  }
  const std::uint64_t meaning =
      meaning_of("responses", call.deployment->config().name, question.content);
  Reply reply;
  if (blocks_prompt(call.directives.filter)) {
    reply = blocked_responses_prompt();
    reply.meaning = meaning;
    reply.usage.prompt = question.prompt_tokens;
    return reply;
  }
  const Answer answer = make_answer(question, model, call.directives, meaning);
  StoredResponse stored;
  stored.object = response_object(body, answer, model, call.directives.fails);
  stored.input_items = listed_items(input, meaning + 1000);
  stored.history_tokens = answer.usage.total();
  reply.meaning = meaning;
  reply.usage = answer.usage;
  set_pace(call, reply);
  if (call.stream) {
    reply.events = make_response_stream(response_events(stored.object), -1);
  } else if (bool_member(body, "background")) {
    reply.first_delay = {};
    reply.body = dump_json(seen_at(stored));
  } else {
    reply.first_delay += reply.gap * answer.usage.completion;
    reply.body = dump_json(stored.object);
  }
  if (!bool_member(body, "store", true)) return reply;
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  if (store.responses.size() >= most_responses) store.responses.erase(store.responses.begin());
  store.responses.insert_or_assign(string_member(stored.object, "id"), std::move(stored));
  return reply;
}

Reply replay(Call& call, const StoredResponse& stored) {
  const auto after =
      to_integer(query_value(call.http.query, "starting_after").value_or("-1")).value_or(-1);
  call.stream = true;
  Reply reply;
  reply.events =
      make_response_stream(response_events(stored.object), std::max<std::int64_t>(after, -1));
  return reply;
}

}  // namespace

Reply responses(Call& call) {
  const auto& segments = call.route.segments;
  if (segments.empty()) return call.is("POST") ? create_response(call) : method_not_allowed();
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  const auto it = store.responses.find(segments[0]);
  if (it == store.responses.end()) return no_such_response(segments[0]);
  StoredResponse& stored = it->second;
  if (segments.size() == 2 && segments[1] == "input_items" && call.is("GET")) {
    return json_answer(list_object(stored.input_items));
  }
  if (segments.size() == 2 && segments[1] == "cancel" && call.is("POST")) {
    if (!bool_member(stored.object, "background")) {
      return invalid_request("Cannot cancel a synchronous response.");
    }
    if (stored.polls < 2) {
      stored.object["status"] = "cancelled";
      stored.object["output"] = Json::array();
      stored.object["usage"] = nullptr;  // what it took is never told
    }
    return json_answer(stored.object);
  }
  if (segments.size() != 1) return resource_not_found();
  if (call.is("GET")) {
    if (query_value(call.http.query, "stream") == "true") return replay(call, stored);
    ++stored.polls;
    return json_answer(seen_at(stored));
  }
  if (!call.is("DELETE")) return method_not_allowed();
  Json answer{{"id", it->first}, {"object", "response"}, {"deleted", true}};
  store.responses.erase(it);
  return json_answer(answer);
}

}  // namespace tollgate::mock
