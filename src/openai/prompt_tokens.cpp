#include "openai/prompt_tokens.hpp"

#include "openai/json_cursor.hpp"
#include "openai/media_tokens.hpp"
#include "openai/text_counter.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace tollgate::openai {
namespace {

constexpr unsigned tokens_for_message = 3;
constexpr unsigned tokens_for_name = 1;
constexpr unsigned tokens_for_answer = 3;  // what every answer begins with
constexpr unsigned tokens_for_call = 8;    // around name and arguments of a call; not published

// What messages are from, one token each in every encoding.
constexpr std::array<std::string_view, 6> roles{"user", "system", "assistant", "tool", "developer", "function"};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

class PromptCounter::Walk {
 public:
  Walk(std::string_view body, Operation operation, const PromptRules& rules, const StringEnds& ends)
      : body_(body), operation_(operation), counter_(rules.encoding), rules_(rules) {
    body_.go_by(ends);
  }

  bool step(std::size_t bytes) {
    if (!is_walked_) {
      is_walked_ = true;
      counter_.set_budget(bytes);
      walk_body();
      counter_.set_budget(0);
      return next_tool_ == tools_.size() && counter_.step(0);
    }
    while (next_tool_ < tools_.size() && bytes > 0) {
      const auto tool = tools_[next_tool_++];
      count_one_tool(tool);
      bytes -= std::min(bytes, tool.size());
    }
    return bytes > 0 && counter_.step(bytes);
  }

  PromptTokens result() const noexcept {
    PromptTokens result = found_;
    result.total = counter_.tokens() + found_.images + found_.audio;
    return result;
  }

 private:
  void walk_body() {
    JsonCursor& cursor = body_;
    JsonString key;
    if (!cursor.open_object()) return;
    bool is_going = true;
    for (bool is_first = true; is_going && cursor.next_member(key, is_first); is_first = false) {
      switch (operation_) {
        case Operation::chat_completions:
          is_going = chat_member(cursor, key.raw);
          break;
        case Operation::responses:
          is_going = responses_member(cursor, key.raw);
          break;
        case Operation::completions:
          is_going =
              is_one_of(key.raw, {"prompt", "suffix"}) ? inputs(cursor) : cursor.skip_value();
          break;
        case Operation::embeddings:
          is_going = key.raw == "input" ? inputs(cursor) : cursor.skip_value();
          break;
        default:  // a text to draw or to speak
          is_going = is_one_of(key.raw, {"prompt", "input", "instructions"}) ? text(cursor)
                                                                             : cursor.skip_value();
      }
    }
    const bool is_talk =
        operation_ == Operation::chat_completions || operation_ == Operation::responses;
    if (is_talk) counter_.add_tokens(tokens_for_answer);
    if (has_tools_) counter_.add_tokens(tokens_after_tools);
  }

  bool chat_member(JsonCursor& cursor, std::string_view key) {
    if (key == "messages") return items(cursor);
    if (key == "tools" || key == "functions") return tools(cursor);
    if (key == "response_format") return output_schema(cursor);
    if (key == "tool_choice" || key == "function_call") return choice(cursor);
    if (key == "data_sources" || key == "web_search_options") found_.is_complete = false;
    return cursor.skip_value();
  }

  bool responses_member(JsonCursor& cursor, std::string_view key) {
    if (key == "instructions") {
      if (cursor.peek() != '"') return items(cursor);
      counter_.add_tokens(tokens_for_message);
      return text(cursor);
    }
    if (key == "input") {
      if (cursor.peek() != '"') return items(cursor);
      counter_.add_tokens(tokens_for_message + 1);  // the role
      return text(cursor);
    }
    if (key == "tools") return tools(cursor);
    if (key == "text") return output_schema(cursor);
    if (key == "tool_choice") return choice(cursor);
    const bool is_elsewhere = is_one_of(key, {"previous_response_id", "conversation", "prompt"});
    if (is_elsewhere && cursor.peek() != 'n') found_.is_complete = false;
    return cursor.skip_value();
  }

  // A string; of anything else nothing.
  bool text(JsonCursor& cursor) {
    if (cursor.peek() != '"') return cursor.skip_value();
    JsonString string;
    if (!cursor.read_string(string)) return false;
    counter_.add(string);
    return true;
  }

  // A value whose meaning is not known: strings as text, all else as the JSON it is written in.
  bool anything(JsonCursor& cursor) {
    if (cursor.peek() == '"') return text(cursor);
    if (cursor.peek() == 'n') return cursor.skip_value();
    std::string_view json;
    if (!cursor.read_value(json)) return false;
    counter_.add_plain(json);
    return true;
  }

  // A text, an array of texts, of tokens, or of arrays of tokens.
  bool inputs(JsonCursor& cursor) {
    const char first = cursor.peek();
    if (first == '"') return text(cursor);
    if (first != '[') {
      if (first >= '0' && first <= '9') counter_.add_tokens(1);
      return cursor.skip_value();
    }
    if (!cursor.open_array()) return false;
    for (bool is_first = true; cursor.next_element(is_first); is_first = false) {
      const bool is_taken = cursor.peek() == '[' ? token_ids(cursor) : inputs_element(cursor);
      if (!is_taken) return false;
    }
    return !cursor.is_broken();
  }
  bool inputs_element(JsonCursor& cursor) {
    if (cursor.peek() == '"') return text(cursor);
    counter_.add_tokens(1);
    return cursor.skip_value();
  }
  bool token_ids(JsonCursor& cursor) {
    if (!cursor.open_array()) return false;
    for (bool is_first = true; cursor.next_element(is_first); is_first = false) {
      counter_.add_tokens(1);
      if (!cursor.skip_value()) return false;
    }
    return !cursor.is_broken();
  }

  // Messages, or the items of a conversation.
  bool items(JsonCursor& cursor) {
    if (cursor.peek() != '[') return anything(cursor);
    if (!cursor.open_array()) return false;
    for (bool is_first = true; cursor.next_element(is_first); is_first = false) {
      counter_.add_tokens(tokens_for_message);
      const bool is_taken = cursor.peek() == '{' ? item(cursor) : anything(cursor);
      if (!is_taken) return false;
    }
    return !cursor.is_broken();
  }

  bool item(JsonCursor& cursor) {
    JsonString key;
    if (!cursor.open_object()) return false;
    for (bool is_first = true; cursor.next_member(key, is_first); is_first = false)
      if (!item_member(cursor, key)) return false;
    return !cursor.is_broken();
  }

  bool item_member(JsonCursor& cursor, const JsonString& key) {
    const auto name = key.raw;
    if (name == "role") return role(cursor);
    if (is_one_of(name, {"content", "output", "summary"})) return content(cursor);
    if (is_one_of(name, {"arguments", "refusal"})) return text(cursor);
    if (name == "name") {
      counter_.add_tokens(tokens_for_name);
      return text(cursor);
    }
    if (name == "tool_calls") return calls(cursor);
    if (name == "function_call") return cursor.peek() == '{' ? call(cursor) : anything(cursor);
    if (name == "encrypted_content") return hidden(cursor);
    if (name == "type") return item_type(cursor);
    if (is_one_of(name, {"id", "call_id", "tool_call_id", "status", "annotations"}))
      return cursor.skip_value();
    if (name == "audio") {  // an earlier answer, kept by the service
      if (cursor.peek() != 'n') found_.is_complete = false;
      return cursor.skip_value();
    }
    return anything(cursor);
  }

  bool role(JsonCursor& cursor) {
    if (cursor.peek() != '"') return cursor.skip_value();
    JsonString string;
    if (!cursor.read_string(string)) return false;
    if (std::find(roles.begin(), roles.end(), string.raw) == roles.end()) {
      counter_.add(string);
    } else {
      counter_.add_tokens(1);
    }
    return true;
  }

  bool item_type(JsonCursor& cursor) {
    std::string_view type;
    if (!cursor.read_value(type)) return false;
    if (type == "\"item_reference\"") found_.is_complete = false;
    if (type == "\"function_call\"") counter_.add_tokens(tokens_for_call);
    return true;
  }

  // A string or an array of parts.
  bool content(JsonCursor& cursor) {
    if (cursor.peek() == '{') return part(cursor);
    if (cursor.peek() != '[') return anything(cursor);
    if (!cursor.open_array()) return false;
    for (bool is_first = true; cursor.next_element(is_first); is_first = false) {
      const bool is_taken = cursor.peek() == '{' ? part(cursor) : anything(cursor);
      if (!is_taken) return false;
    }
    return !cursor.is_broken();
  }

  bool part(JsonCursor& cursor) {
    Media found;
    JsonString key;
    if (!cursor.open_object()) return false;
    for (bool is_first = true; cursor.next_member(key, is_first); is_first = false)
      if (!part_member(cursor, key, found)) return false;
    add(media_tokens(found, *rules_.image));
    return !cursor.is_broken();
  }

  bool part_member(JsonCursor& cursor, const JsonString& key, Media& found) {
    const auto name = key.raw;
    const bool is_object = cursor.peek() == '{';
    if (name == "text" || name == "refusal") return anything(cursor);
    if (is_one_of(name, {"image_url", "input_audio", "file"}) && is_object) {
      found.has_image = found.has_image || name == "image_url";
      found.has_file = found.has_file || name == "file";
      return media(cursor, found);
    }
    if (is_one_of(name, {"image_url", "file_data", "file_id", "file_url", "detail"}))
      return media_member(cursor, key, found);
    if (name == "type") {
      std::string_view type;
      if (!cursor.read_value(type)) return false;
      found.has_image = found.has_image || type == "\"input_image\"";
      found.has_file = found.has_file || type == "\"input_file\"";
      return true;
    }
    if (is_one_of(name, {"annotations", "logprobs", "id", "prompt_cache_breakpoint"}))
      return cursor.skip_value();
    return anything(cursor);
  }

  // What stands inside "image_url", "input_audio" and "file".
  bool media(JsonCursor& cursor, Media& found) {
    JsonString key;
    if (!cursor.open_object()) return false;
    for (bool is_first = true; cursor.next_member(key, is_first); is_first = false)
      if (!media_member(cursor, key, found)) return false;
    return !cursor.is_broken();
  }

  bool media_member(JsonCursor& cursor, const JsonString& key, Media& found) {
    if (cursor.peek() != '"') return cursor.skip_value();
    JsonString value;
    if (!cursor.read_string(value)) return false;
    if (key.raw == "url" || key.raw == "image_url") {
      found.image_url = value;
      found.has_image = true;
    } else if (key.raw == "detail") {
      found.is_low_detail = value.raw == "low";
    } else if (key.raw == "data") {
      found.audio = value;
    } else if (key.raw == "format") {
      found.audio_format = value.raw;
    } else if (key.raw == "file_data") {
      found.file = value;
    } else if (key.raw == "filename") {
      counter_.add(value);
    }
    return true;
  }

  void add(const MediaTokens& media) {
    found_.images += media.images;
    found_.audio += media.audio;
    counter_.add_tokens(media.files);
    if (!media.is_complete) found_.is_complete = false;
  }

  // Text of the service's own, encrypted.
  bool hidden(JsonCursor& cursor) {
    if (cursor.peek() != '"') return cursor.skip_value();
    JsonString value;
    if (!cursor.read_string(value)) return false;
    found_.is_complete = false;
    counter_.add_tokens(tokens_of_base64(value.raw));
    return true;
  }

  bool calls(JsonCursor& cursor) {
    if (cursor.peek() != '[') return anything(cursor);
    if (!cursor.open_array()) return false;
    for (bool is_first = true; cursor.next_element(is_first); is_first = false) {
      const bool is_taken = cursor.peek() == '{' ? call(cursor) : anything(cursor);
      if (!is_taken) return false;
    }
    return !cursor.is_broken();
  }

  // {"name", "arguments"}, bare or under "function" or "custom".
  bool call(JsonCursor& cursor) {
    counter_.add_tokens(tokens_for_call);
    return call_members(cursor, 0);
  }
  bool call_members(JsonCursor& cursor, int depth) {
    JsonString key;
    if (!cursor.open_object()) return false;
    for (bool is_first = true; cursor.next_member(key, is_first); is_first = false) {
      bool is_taken;
      if (is_one_of(key.raw, {"function", "custom"}) && cursor.peek() == '{' && depth == 0) {
        is_taken = call_members(cursor, depth + 1);
      } else if (is_one_of(key.raw, {"id", "type", "index"})) {
        is_taken = cursor.skip_value();
      } else {
        is_taken = anything(cursor);
      }
      if (!is_taken) return false;
    }
    return !cursor.is_broken();
  }

  bool tools(JsonCursor& cursor) {
    if (cursor.peek() != '[') return anything(cursor);
    if (!cursor.open_array()) return false;
    for (bool is_first = true; cursor.next_element(is_first); is_first = false) {
      std::string_view tool;
      cursor.peek();
      if (!cursor.read_value(tool)) return false;
      has_tools_ = true;
      if (counter_.take(tool.size())) {
        count_one_tool(tool);
      } else {
        tools_.push_back(tool);
      }
    }
    return !cursor.is_broken();
  }

  void count_one_tool(std::string_view tool) {
    if (!count_tool(counter_, rules_.tool, tool)) found_.is_complete = false;
  }

  // `response_format` or `text`: only a schema is told to the model.
  bool output_schema(JsonCursor& cursor) {
    std::string_view value;
    if (!cursor.read_value(value)) return false;
    if (value.find("\"json_schema\"") != std::string_view::npos) counter_.add_plain(value);
    return true;
  }

  // "auto" and its like cost nothing; a named function does.
  bool choice(JsonCursor& cursor) {
    return cursor.peek() == '{' ? anything(cursor) : cursor.skip_value();
  }

  JsonCursor body_;
  Operation operation_;
  TextCounter counter_;
  const PromptRules& rules_;
  bool is_walked_ = false;
  bool has_tools_ = false;
  std::vector<std::string_view> tools_;  // those that wait, from next_tool_ on
  std::size_t next_tool_ = 0;
  PromptTokens found_;
};

PromptRules prompt_rules_of(std::string_view base_model, tokens::Encoding encoding) noexcept {
  return {encoding, &image_rule_of(base_model), tool_rule_of(base_model)};
}

PromptTokens PromptCounter::count(std::string_view body, Operation operation, const PromptRules& rules,
                                  const StringEnds& ends) {
  Walk walk(body, operation, rules, ends);
  while (!walk.step(body.size() + 1)) {
  }
  return walk.result();
}

PromptCounter::PromptCounter(std::string_view body, Operation operation, const PromptRules& rules)
    : walk_(std::make_unique<Walk>(body, operation, rules, StringEnds())) {}
PromptCounter::PromptCounter(PromptCounter&&) noexcept = default;
PromptCounter& PromptCounter::operator=(PromptCounter&&) noexcept = default;
PromptCounter::~PromptCounter() = default;

bool PromptCounter::step(std::size_t bytes) { return walk_->step(bytes); }

PromptTokens PromptCounter::result() const noexcept { return walk_->result(); }

}  // namespace tollgate::openai
