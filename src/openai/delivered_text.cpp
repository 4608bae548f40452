#include "openai/delivered_text.hpp"

#include "openai/json_cursor.hpp"

namespace tollgate::openai {

namespace {

// Calls `see` with every string of a value, however deep.
template <class See>
void each_string(JsonCursor& json, See&& see) {
  const char first = json.peek();
  JsonString text;
  if (first == '"') {
    if (json.read_string(text)) see(text.raw);
  } else if (first == '{') {
    json.open_object();
    for (bool is_first = true; json.next_member(text, is_first); is_first = false) {
      // These name things; nobody is charged for them.
      if (text.raw == "role" || text.raw == "id" || text.raw == "type" || text.raw == "finish_reason") {
        json.skip_value();
      } else {
        each_string(json, see);
      }
      if (json.is_broken()) return;
    }
  } else if (first == '[') {
    json.open_array();
    for (bool is_first = true; json.next_element(is_first); is_first = false) {
      each_string(json, see);
      if (json.is_broken()) return;
    }
  } else {
    json.skip_value();
  }
}

}  // namespace

void DeliveredText::see(std::string_view event, std::string_view data) {
  if (dialect_ == Dialect::chat) return see_chat(data);
  if (const auto text = read_response_event(event, data, false).text) add(*text);
}

void DeliveredText::see_chat(std::string_view data) {
  JsonCursor json(data);
  JsonString key;
  if (json.peek() != '{' || !json.open_object()) return;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw != "choices" || json.peek() != '[') {
      json.skip_value();
      continue;
    }
    json.open_array();
    for (bool is_first_choice = true; json.next_element(is_first_choice); is_first_choice = false) {
      if (json.peek() != '{' || !json.open_object()) return;
      for (bool is_first_member = true; json.next_member(key, is_first_member); is_first_member = false) {
        if (key.raw == "delta" || key.raw == "text") {
          each_string(json, [this](std::string_view text) { add(text); });
        } else {
          json.skip_value();
        }
      }
      if (json.is_broken()) return;
    }
  }
}

void DeliveredText::add(std::string_view raw) {
  pending_.append(raw);
  if (pending_.size() >= stretch) tokens();
}

std::int64_t DeliveredText::tokens() {
  if (pending_.empty()) return counted_;
  thread_local std::string text;
  text.clear();
  const bool has_escapes = pending_.find('\\') != pending_.npos;
  // Half a surrogate pair, cut in two by the provider, is counted as it is written.
  const bool is_plain = !has_escapes || !json_unescape(pending_, text);
  counted_ += static_cast<std::int64_t>(tokens::count(encoding_, is_plain ? std::string_view(pending_) : std::string_view(text)));
  pending_.clear();
  return counted_;
}

}  // namespace tollgate::openai
