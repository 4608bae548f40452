#include "openai/realtime_events.hpp"

#include "base/json_text.hpp"
#include "openai/json_cursor.hpp"
#include "openai/usage_reader.hpp"

namespace tollgate::openai {

namespace {

// Goes to the value of the member of that name. False: there is none.
bool find_member(JsonCursor& json, std::string_view name) {
  if (json.peek() != '{' || !json.open_object()) return false;
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw == name) return true;
    if (!json.skip_value()) return false;
  }
  return false;
}

// A string member of an object member of the event.
std::string_view text_in(std::string_view text, std::string_view object, std::string_view name) {
  JsonCursor json(text);
  JsonString found;
  if (find_member(json, object) && find_member(json, name) && json.peek() == '"') json.read_string(found);
  return found.raw;
}

}  // namespace

RealtimeFacts read_realtime_event(std::string_view text) {
  RealtimeFacts facts;
  JsonString type;
  JsonCursor event(text);
  if (!find_member(event, "type") || event.peek() != '"' || !event.read_string(type)) return facts;
  facts.type = type.raw;
  if (facts.type == "session.created") facts.model = text_in(text, "session", "model");
  if (facts.type == "error") facts.error_code = text_in(text, "error", "code");
  if (facts.type != "response.done") return facts;
  JsonCursor response(text);
  facts.has_usage = find_member(response, "response") && find_member(response, "usage") && take_usage(response, facts.usage);
  return facts;
}

std::string realtime_error_event(const Error& error, std::string_view event_id, std::string_view code) {
  std::string event = R"({"type":"error","event_id":"event_)";
  event.append(event_id).append(R"(","error":{"type":")").append(type_of(error.kind));
  event.append(R"(","code":")").append(code.empty() ? code_of(error.kind) : code);
  event += R"(","message":")";
  json_escape(event, error.message);
  event += R"(","param":null,"event_id":null}})";
  return event;
}

}  // namespace tollgate::openai
