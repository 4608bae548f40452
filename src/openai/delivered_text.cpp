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

// Where the last word begins that is a space and letters, 0 if there is none. Every encoding cuts there:
// the space in front of letters belongs to them, whatever stands before it.
std::size_t last_word(std::string_view raw) noexcept {
  for (std::size_t at = raw.size(); at-- > 1;) {
    const char next = at + 1 < raw.size() ? raw[at + 1] : '\0';
    if (raw[at] == ' ' && ((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z'))) return at;
  }
  return 0;
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
  const auto before = pending_.size();
  pending_.append(raw);
  if (pending_.size() / stretch > before / stretch) count_words();
}

// All but the last words, of which more may come.
void DeliveredText::count_words() {
  const auto cut = last_word(pending_);
  if (cut == 0 && pending_.size() < longest_word) return;
  const auto size = cut == 0 ? pending_.size() : cut;
  counted_ += tokens_of(std::string_view(pending_).substr(0, size));
  pending_.erase(0, size);
  if (pending_.capacity() > 2 * stretch) pending_.shrink_to_fit();
}

std::int64_t DeliveredText::tokens() {
  counted_ += tokens_of(pending_);
  pending_.clear();
  return counted_;
}

std::int64_t DeliveredText::tokens_of(std::string_view raw) const {
  thread_local std::string text;
  text.clear();
  const bool has_escapes = raw.find('\\') != raw.npos;
  // Half a surrogate pair, cut in two by the provider, is counted as it is written.
  const bool is_plain = !has_escapes || !json_unescape(raw, text);
  return static_cast<std::int64_t>(tokens::count(encoding_, is_plain ? raw : std::string_view(text)));
}

}  // namespace tollgate::openai
