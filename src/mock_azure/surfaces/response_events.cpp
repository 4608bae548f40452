#include "mock_azure/surfaces/response_events.hpp"

#include <array>
#include <string>
#include <utility>

#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

constexpr std::array<std::string_view, 17> names = {
    "response.created",
    "response.queued",
    "response.in_progress",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
    "response.reasoning_summary_text.delta",
    "response.completed",
    "response.incomplete",
    "response.failed",
};

std::string_view static_name(std::string_view type) {
  for (const std::string_view name : names) {
    if (name == type) return name;
  }
  return {};
}

class EventList {
 public:
  void add(const char* type, Json fields) {
    Json event{{"type", type}, {"sequence_number", events_.size()}};
    event.update(fields);
    events_.push_back(std::move(event));
  }

  std::vector<Json> take() { return std::move(events_); }

 private:
  std::vector<Json> events_;
};

Json started(const Json& response) {
  Json early = response;
  early["status"] = "in_progress";
  early["output"] = Json::array();
  early["usage"] = nullptr;
  early["error"] = nullptr;
  early["incomplete_details"] = nullptr;
  return early;
}

void add_message(EventList& list, const Json& item, std::size_t index) {
  Json open = item;
  open["status"] = "in_progress";
  open["content"] = Json::array();
  list.add("response.output_item.added", {{"output_index", index}, {"item", open}});
  const std::string id = string_member(item, "id");
  std::size_t number = 0;
  for (const Json& part : member(item, "content")) {
    const Json where{{"item_id", id}, {"output_index", index}, {"content_index", number++}};
    const auto with = [&where](Json more) {
      Json fields = where;
      fields.update(more);
      return fields;
    };
    Json empty = part;
    empty["text"] = "";
    list.add("response.content_part.added", with({{"part", empty}}));
    const std::string text = string_member(part, "text");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = token_end(text, at);
      list.add("response.output_text.delta",
               with({{"delta", text.substr(at, end - at)}, {"logprobs", Json::array()}}));
      at = end;
    }
    list.add("response.output_text.done", with({{"text", text}, {"logprobs", Json::array()}}));
    list.add("response.content_part.done", with({{"part", part}}));
  }
  list.add("response.output_item.done", {{"output_index", index}, {"item", item}});
}

void add_function_call(EventList& list, const Json& item, std::size_t index) {
  Json open = item;
  open["status"] = "in_progress";
  open["arguments"] = "";
  list.add("response.output_item.added", {{"output_index", index}, {"item", open}});
  const std::string id = string_member(item, "id");
  const std::string arguments = string_member(item, "arguments");
  for (std::size_t at = 0; at < arguments.size();) {
    const std::size_t end = token_end(arguments, at);
    list.add("response.function_call_arguments.delta",
             {{"item_id", id}, {"output_index", index}, {"delta", arguments.substr(at, end - at)}});
    at = end;
  }
  list.add("response.function_call_arguments.done", {{"item_id", id},
                                                     {"output_index", index},
                                                     {"name", string_member(item, "name")},
                                                     {"arguments", arguments}});
  list.add("response.output_item.done", {{"output_index", index}, {"item", item}});
}

class ResponseStream : public EventSource {
 public:
  ResponseStream(std::vector<Json> events, std::int64_t after)
      : events_(std::move(events)), at_(after < 0 ? 0 : static_cast<std::size_t>(after) + 1) {}

  bool next(Event& event) override {
    if (at_ >= events_.size()) return false;
    const Json& json = events_[at_++];
    event.name = static_name(string_member(json, "type"));
    event.data = dump_json(json);
    event.paced = event.name.ends_with(".delta");
    return true;
  }

  void error_event(Event& event) override {
    event.name = "error";
    event.data = dump_json(Json{{"type", "error"},
                                {"sequence_number", at_},
                                {"code", "server_error"},
                                {"message", "The server had an error."},
                                {"param", nullptr}});
  }

 private:
  std::vector<Json> events_;
  std::size_t at_;
};

}  // namespace

std::vector<Json> response_events(const Json& response) {
  EventList list;
  list.add("response.created", {{"response", started(response)}});
  if (bool_member(response, "background")) {
    Json queued = started(response);
    queued["status"] = "queued";
    list.add("response.queued", {{"response", queued}});
  }
  list.add("response.in_progress", {{"response", started(response)}});
  std::size_t index = 0;
  for (const Json& item : member(response, "output")) {
    const std::string type = string_member(item, "type");
    if (type == "message") {
      add_message(list, item, index);
    } else if (type == "function_call") {
      add_function_call(list, item, index);
    } else {
      list.add("response.output_item.added", {{"output_index", index}, {"item", item}});
      list.add("response.output_item.done", {{"output_index", index}, {"item", item}});
    }
    ++index;
  }
  const std::string status = string_member(response, "status");
  const char* last = status == "incomplete" ? "response.incomplete"
                     : status == "failed"   ? "response.failed"
                                            : "response.completed";
  list.add(last, {{"response", response}});
  return list.take();
}

std::unique_ptr<EventSource> make_response_stream(std::vector<Json> events, std::int64_t after) {
  return std::make_unique<ResponseStream>(std::move(events), after);
}

}  // namespace tollgate::mock
