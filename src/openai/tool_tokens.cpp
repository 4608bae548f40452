#include "openai/tool_tokens.hpp"

#include "openai/json_cursor.hpp"
#include "tokens/text_memo.hpp"

#include <limits>
#include <string>

namespace tollgate::openai {
namespace {

constexpr unsigned tokens_for_properties = 3;
constexpr unsigned tokens_for_property = 3;
constexpr unsigned tokens_for_enum_item = 3;
constexpr unsigned tokens_saved_by_enum = 3;

// Beyond this a definition is counted as the JSON it is, which can be done in steps and costs more.
constexpr std::size_t longest_definition = 16 * 1024;
static_assert(longest_definition <= tokens::longest_remembered);

// What the memo is told that texts of this kind are counted as (text_counter.cpp has the first
// four).
constexpr std::uint32_t counted_as_tool = 16;

class Definition {
 public:
  Definition(TextCounter& counter, ToolRule rule) noexcept : counter_(counter), rule_(rule) {}

  // A function: name, description, parameters.
  void count_function(std::string_view object) {
    JsonString name, description;
    std::string_view parameters;
    JsonCursor cursor(object);
    JsonString key;
    if (!cursor.open_object()) return;
    for (bool is_first = true; cursor.next_member(key, is_first); is_first = false) {
      if (key.raw == "name") {
        read(cursor, name);
      } else if (key.raw == "description") {
        read(cursor, description);
      } else if (key.raw == "parameters") {
        if (!cursor.read_value(parameters)) return;
      } else if (key.raw == "strict" || key.raw == "type") {
        if (!cursor.skip_value()) return;
      } else if (!count_unknown(cursor, key)) {
        return;
      }
    }
    counter_.add_tokens(rule_.function);
    count_joined(name, nullptr, description);
    if (parameters.starts_with('{')) count_schema(parameters);
  }

 private:
  // Takes a string; of anything else nothing.
  void read(JsonCursor& cursor, JsonString& string) {
    if (cursor.peek() == '"') {
      static_cast<void>(cursor.read_string(string));
    } else {
      static_cast<void>(cursor.skip_value());
    }
  }

  bool count_unknown(JsonCursor& cursor, const JsonString& key) {
    std::string_view value;
    if (!cursor.read_value(value)) return false;
    counter_.add(key);
    counter_.add_plain(value);
    return true;
  }

  // "key:description" or "key:type:description", without the last full stop.
  void count_joined(const JsonString& name, const JsonString* type, const JsonString& description) {
    text_.clear();
    append(name);
    text_ += ':';
    if (type) {
      append(*type);
      text_ += ':';
    }
    append(description);
    if (text_.ends_with('.')) text_.pop_back();
    counter_.add_tokens(tokens::count(counter_.encoding(), text_));
  }

  void append(const JsonString& string) {
    if (string.has_escapes) {
      unescape_leniently(string.raw, text_);
    } else {
      text_ += string.raw;
    }
  }

  // A schema whose own type and description are counted by the caller.
  void count_schema(std::string_view schema) {
    JsonCursor cursor(schema);
    JsonString key;
    if (!cursor.open_object()) return;
    for (bool is_first = true; cursor.next_member(key, is_first); is_first = false)
      if (!count_keyword(cursor, key)) return;
  }

  bool count_keyword(JsonCursor& cursor, const JsonString& key) {
    if (key.raw == "properties" && cursor.peek() == '{') return count_properties(cursor);
    if (key.raw == "enum" && cursor.peek() == '[') return count_enum(cursor);
    if (key.raw == "items" && cursor.peek() == '{') {
      std::string_view value;
      if (!cursor.read_value(value)) return false;
      count_property(key, value);
      return true;
    }
    for (const auto known : {"type", "description", "required", "additionalProperties", "$schema"})
      if (key.raw == known) return cursor.skip_value();
    return count_unknown(cursor, key);
  }

  bool count_properties(JsonCursor& cursor) {
    if (!cursor.open_object()) return false;
    JsonString key;
    bool is_first = true;
    for (; cursor.next_member(key, is_first); is_first = false) {
      const JsonString name = key;
      std::string_view value;
      if (!cursor.read_value(value)) return false;
      count_property(name, value);
    }
    if (!is_first) counter_.add_tokens(tokens_for_properties);
    return !cursor.is_broken();
  }

  void count_property(const JsonString& name, std::string_view schema) {
    counter_.add_tokens(tokens_for_property);
    JsonString type, description;
    if (schema.starts_with('{')) {
      JsonCursor cursor(schema);
      JsonString key;
      if (!cursor.open_object()) return;
      for (bool is_first = true; cursor.next_member(key, is_first); is_first = false) {
        if (key.raw == "type" && cursor.peek() == '[') {  // several types: as they are written
          std::string_view types;
          if (!cursor.read_value(types)) return;
          type = {types, false};
        } else if (key.raw == "type") {
          read(cursor, type);
        } else if (key.raw == "description") {
          read(cursor, description);
        } else if (!cursor.skip_value()) {
          return;
        }
      }
    }
    count_joined(name, &type, description);
    if (schema.starts_with('{')) count_schema(schema);
  }

  bool count_enum(JsonCursor& cursor) {
    if (!cursor.open_array()) return false;
    unsigned items = 0;
    for (bool is_first = true; cursor.next_element(is_first); is_first = false, ++items) {
      JsonString item;
      if (cursor.peek() == '"') {
        if (!cursor.read_string(item)) return false;
      } else if (!cursor.read_value(item.raw)) {
        return false;
      }
      counter_.add(item);
    }
    if (items > 0) counter_.add_tokens(items * tokens_for_enum_item - tokens_saved_by_enum);
    return !cursor.is_broken();
  }

  TextCounter& counter_;
  ToolRule rule_;
  std::string text_;
};

}  // namespace

ToolRule tool_rule_of(std::string_view base_model) noexcept {
  const bool is_later = tokens::encoding_of_model(base_model) == tokens::Encoding::o200k_base;
  return {is_later ? 7u : 10u};
}

bool count_tool(TextCounter& counter, ToolRule rule, std::string_view tool) {
  // Whether it is a function, and where, is known when all members have been seen.
  std::string_view nested, type, name;
  JsonCursor cursor(tool);
  JsonString key;
  if (!tool.starts_with('{') || !cursor.open_object()) {
    counter.add_plain(tool);
    return true;
  }
  for (bool is_first = true; cursor.next_member(key, is_first); is_first = false) {
    std::string_view value;
    if (!cursor.read_value(value)) break;
    if (key.raw == "function") nested = value;
    if (key.raw == "type") type = value;
    if (key.raw == "name") name = value;
  }
  const bool is_function = type.empty() ? !name.empty() : type == "\"function\"";
  if (!is_function || tool.size() > longest_definition) {
    counter.add_plain(tool);
    return is_function || type == "\"custom\"";
  }

  const bool is_worth_it = tool.size() >= tokens::shortest_remembered;
  tokens::TextKey memo_key{};
  if (is_worth_it) {
    const auto encoding = static_cast<std::uint32_t>(counter.encoding());
    memo_key = tokens::key_of(tool, counted_as_tool + 2 * rule.function + encoding);
    if (const auto known = tokens::find_count(memo_key)) {
      counter.add_tokens(*known);
      return true;
    }
  }
  TextCounter whole(counter.encoding());
  whole.set_budget(std::numeric_limits<std::size_t>::max());
  Definition(whole, rule).count_function(nested.starts_with('{') ? nested : tool);
  if (is_worth_it) tokens::remember_count(memo_key, whole.tokens());
  counter.add_tokens(whole.tokens());
  return true;
}

}  // namespace tollgate::openai
