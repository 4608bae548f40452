#include "openai/references.hpp"

#include "base/ascii.hpp"
#include "openai/json_cursor.hpp"

#include <algorithm>
#include <array>

namespace tollgate::openai {
namespace {

// Wherever they stand inside `input`, `tools`, `messages` or `files`, these hold ids. The deepest is
// messages[].content[].file.file_id.
constexpr std::array<std::string_view, 3> id_fields{"file_id", "file_ids", "vector_store_ids"};
constexpr int deepest = 6;

// Letter by letter: some servers match names without regard to case.
std::string_view id_field_called(std::string_view name) {
  const auto known = std::ranges::find_if(
      id_fields, [&](std::string_view field) { return base::equals_ignoring_case(field, name); });
  return known == id_fields.end() ? std::string_view() : *known;
}

// A container in which code is run, where `tools` names one instead of describing it.
bool is_container(std::string_view name, std::string_view value) {
  if (!base::equals_ignoring_case("container", name) || value.front() != '"') return false;
  JsonCursor json(value);
  JsonString string;
  if (!json.read_string(string)) return false;
  std::string unescaped;
  return (string.has_escapes && json_unescape(string.raw, unescaped) ? unescaped : string.raw).starts_with("cntr_");
}

// Items that stand for ones kept by the resource: it looks them up, and refuses those it has not. The
// type of a reference may be left out.
bool is_kept_item(std::string_view type, bool has_role) {
  if (type.empty() || type == "null") return !has_role;
  return type == R"("item_reference")" || type == R"("reasoning")";
}

// One look through a value that has been found to be well-formed.
class Search {
 public:
  Search(std::string_view text, bool has_items, ReferenceFinder& finder)
      : json_(text), has_items_(has_items), finder_(finder) {}
  void run() { value(0); }

 private:
  void value(int depth) {
    const char first = json_.peek();
    if (depth >= deepest || finder_.is_full() || (first != '{' && first != '[')) {
      json_.skip_value();
    } else if (first == '{') {
      object(depth + 1);
    } else {
      json_.open_array();
      for (bool is_first = true; json_.next_element(is_first); is_first = false) value(depth + 1);
    }
  }

  void object(int depth) {
    const bool is_item = has_items_ && depth == item_depth;
    std::string_view id, type;
    bool has_role = false;
    json_.open_object();
    JsonString key;
    for (bool is_first = true; json_.next_member(key, is_first); is_first = false) {
      std::string unescaped;
      std::string_view name = key.raw;
      if (key.has_escapes && json_unescape(name, unescaped)) name = unescaped;
      const auto field = id_field_called(name);
      const bool names_item = is_item && (name == "id" || name == "type");
      has_role |= is_item && name == "role";
      if (field.empty() && !names_item && json_.peek() != '"') {
        value(depth);
        continue;
      }
      std::string_view text;
      if (!json_.read_value(text)) return;
      if (!field.empty()) finder_.take_ids(text, field);
      else if (is_container(name, text)) finder_.take_ids(text, "container");
      else if (names_item) (name == "id" ? id : type) = text;
    }
    if (!id.empty() && is_kept_item(type, has_role)) finder_.take_ids(id, "input");
  }

  static constexpr int item_depth = 2;  // of an element of `input`

  JsonCursor json_;
  bool has_items_;
  ReferenceFinder& finder_;
};

}  // namespace

void ReferenceFinder::take_ids(std::string_view value, std::string_view field) {
  JsonCursor json(value);
  JsonString string;
  switch (json.peek()) {
    case '"':
      if (json.read_string(string)) add(string.raw, string.has_escapes, field);
      return;
    case '[':
      json.open_array();
      for (bool is_first = true; json.next_element(is_first); is_first = false) {
        if (json.peek() != '"') {
          json.skip_value();
        } else if (json.read_string(string)) {
          add(string.raw, string.has_escapes, field);
        }
        if (json.is_broken() || is_full()) return;
      }
      return;
    case '{':
      json.open_object();
      for (bool is_first = true; json.next_member(string, is_first); is_first = false) {
        std::string_view text;
        const bool is_id = string.raw == "id";
        if (!json.read_value(text)) return;
        if (is_id && text.front() == '"') take_ids(text, field);
      }
      return;
    default: return;
  }
}

void ReferenceFinder::search(std::string_view value, bool has_items) { Search(value, has_items, *this).run(); }

void ReferenceFinder::add(std::string_view raw, bool has_escapes, std::string_view field) {
  std::string_view id = raw;
  if (has_escapes) {
    auto text = std::make_unique<std::string>();
    if (!json_unescape(raw, *text)) return;  // half a surrogate pair: no text, so no id
    id = *text;
    unescaped_.push_back(std::move(text));
  }
  if (!id.empty() && id.size() <= longest_object_id && !is_full()) found_.push_back({id, field});
}

}  // namespace tollgate::openai
