#include "openai/prompt_tokens.hpp"

#include "openai/image_tokens.hpp"
#include "openai/json_cursor.hpp"
#include "openai/text_counter.hpp"
#include "openai/tool_tokens.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace tollgate::openai {
namespace {

constexpr unsigned tokens_for_message = 3;
constexpr unsigned tokens_for_name = 1;
constexpr unsigned tokens_for_answer = 3;  // what every answer begins with
constexpr unsigned tokens_for_call = 8;    // around name and arguments of a call; not published
constexpr unsigned audio_tokens_a_second = 10;

// A file's content is not text as it stands; what it costs is not known before. Taken as plain
// text.
constexpr std::size_t file_bytes_a_token = 4;

// How much of an image's text is looked at when escapes have to be undone first.
constexpr std::size_t image_head_bytes = 256 * 1024;

std::size_t bytes_in_base64(std::size_t characters) noexcept { return characters / 4 * 3; }

// The text behind "data:...;base64,", or the whole text if it is no such URL.
std::string_view base64_of(std::string_view text) noexcept {
  if (!text.starts_with("data:")) return text;
  const auto comma = text.find(',');
  return comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
}

// A part of a message, or an item of `input` that is itself one.
struct Part {
  JsonString image_url;
  JsonString audio;
  JsonString file;
  std::string_view audio_format;
  bool has_image = false;
  bool has_file = false;
  bool is_low_detail = false;
};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

class PromptCounter::Walk {
 public:
  Walk(std::string_view body, Operation operation, tokens::Encoding encoding,
       std::string_view base_model)
      : body_(body),
        operation_(operation),
        counter_(encoding),
        image_rule_(image_rule_of(base_model)),
        tool_rule_(tool_rule_of(base_model)) {}

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
    JsonCursor cursor(body_);
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
    if (is_one_of(name, {"role", "arguments", "refusal"})) return text(cursor);
    if (name == "name") {
      counter_.add_tokens(tokens_for_name);
      return text(cursor);
    }
    if (is_one_of(name, {"content", "output", "summary"})) return content(cursor);
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
    Part part;
    JsonString key;
    if (!cursor.open_object()) return false;
    for (bool is_first = true; cursor.next_member(key, is_first); is_first = false)
      if (!part_member(cursor, key, part)) return false;
    if (part.has_image) count_image(part);
    if (!part.audio.raw.empty()) count_audio(part);
    if (part.has_file) count_file(part);
    return !cursor.is_broken();
  }

  bool part_member(JsonCursor& cursor, const JsonString& key, Part& part) {
    const auto name = key.raw;
    const bool is_object = cursor.peek() == '{';
    if (name == "text" || name == "refusal") return anything(cursor);
    if (is_one_of(name, {"image_url", "input_audio", "file"}) && is_object) {
      part.has_image = part.has_image || name == "image_url";
      part.has_file = part.has_file || name == "file";
      return media(cursor, part);
    }
    if (is_one_of(name, {"image_url", "file_data", "file_id", "file_url", "detail"}))
      return media_member(cursor, key, part);
    if (name == "type") {
      std::string_view type;
      if (!cursor.read_value(type)) return false;
      part.has_image = part.has_image || type == "\"input_image\"";
      part.has_file = part.has_file || type == "\"input_file\"";
      return true;
    }
    if (is_one_of(name, {"annotations", "logprobs", "id", "prompt_cache_breakpoint"}))
      return cursor.skip_value();
    return anything(cursor);
  }

  // What stands inside "image_url", "input_audio" and "file".
  bool media(JsonCursor& cursor, Part& part) {
    JsonString key;
    if (!cursor.open_object()) return false;
    for (bool is_first = true; cursor.next_member(key, is_first); is_first = false)
      if (!media_member(cursor, key, part)) return false;
    return !cursor.is_broken();
  }

  bool media_member(JsonCursor& cursor, const JsonString& key, Part& part) {
    if (cursor.peek() != '"') return cursor.skip_value();
    JsonString value;
    if (!cursor.read_string(value)) return false;
    if (key.raw == "url" || key.raw == "image_url") {
      part.image_url = value;
      part.has_image = true;
    } else if (key.raw == "detail") {
      part.is_low_detail = value.raw == "low";
    } else if (key.raw == "data") {
      part.audio = value;
    } else if (key.raw == "format") {
      part.audio_format = value.raw;
    } else if (key.raw == "file_data") {
      part.file = value;
    } else if (key.raw == "filename") {
      counter_.add(value);
    }
    return true;
  }

  void count_image(const Part& part) {
    std::optional<ImageSize> size;
    std::string head;
    auto url = part.image_url.raw;
    if (part.image_url.has_escapes) {
      head.reserve(std::min(url.size(), image_head_bytes));
      unescape_leniently(url.substr(0, cut_before(url, image_head_bytes)), head);
      url = head;
    }
    if (url.starts_with("data:")) size = image_size_of_base64(base64_of(url));
    if (!size && !part.is_low_detail) found_.is_complete = false;
    found_.images += image_tokens(image_rule_, size, part.is_low_detail);
  }

  // The length of a sound is taken from its size: at the rate its head states, or the lowest there
  // is.
  void count_audio(const Part& part) {
    const auto data = base64_of(part.audio.raw);
    const bool is_wave = part.audio_format == "wav" || part.audio_format.empty();
    const std::size_t bytes_a_second = is_wave ? 8000 : 4000;
    const auto rate =
        is_wave ? std::max<std::size_t>(wave_rate(data), bytes_a_second) : bytes_a_second;
    found_.audio += bytes_in_base64(data.size()) * audio_tokens_a_second / rate + 1;
  }

  // Bytes a second by the head of a WAV file; 0 if it has none. They are at the offset 28, and 60
  // characters of base64 are 45 bytes.
  static std::size_t wave_rate(std::string_view base64) {
    if (base64.size() < 60 || !base64.starts_with("UklGR")) return 0;
    std::array<std::size_t, 6> bits{};
    for (std::size_t i = 0; i < bits.size(); ++i) {
      const char c = base64[37 + i];
      bits[i] = c >= 'A' && c <= 'Z'   ? static_cast<std::size_t>(c - 'A')
                : c >= 'a' && c <= 'z' ? static_cast<std::size_t>(c - 'a' + 26)
                : c >= '0' && c <= '9' ? static_cast<std::size_t>(c - '0' + 52)
                : c == '+'             ? 62u
                                       : 63u;
    }
    // Byte 28 is the second of its group of three: characters 37 to 39; bytes 30 and 31 follow.
    const auto byte28 = (bits[0] << 4 | bits[1] >> 2) & 0xff;
    const auto byte29 = (bits[1] << 6 | bits[2]) & 0xff;
    const auto byte30 = (bits[3] << 2 | bits[4] >> 4) & 0xff;
    return byte28 | byte29 << 8 | byte30 << 16;
  }

  void count_file(const Part& part) {
    found_.is_complete = false;
    counter_.add_tokens(bytes_in_base64(base64_of(part.file.raw).size()) / file_bytes_a_token);
  }

  // Text of the service's own, encrypted.
  bool hidden(JsonCursor& cursor) {
    if (cursor.peek() != '"') return cursor.skip_value();
    JsonString value;
    if (!cursor.read_string(value)) return false;
    found_.is_complete = false;
    counter_.add_tokens(bytes_in_base64(value.raw.size()) / file_bytes_a_token);
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
    if (!count_tool(counter_, tool_rule_, tool)) found_.is_complete = false;
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

  std::string_view body_;
  Operation operation_;
  TextCounter counter_;
  const ImageRule& image_rule_;
  ToolRule tool_rule_;
  bool is_walked_ = false;
  bool has_tools_ = false;
  std::vector<std::string_view> tools_;  // those that wait, from next_tool_ on
  std::size_t next_tool_ = 0;
  PromptTokens found_;
};

PromptCounter::PromptCounter(std::string_view body, Operation operation, tokens::Encoding encoding,
                             std::string_view base_model)
    : walk_(std::make_unique<Walk>(body, operation, encoding, base_model)) {}
PromptCounter::PromptCounter(PromptCounter&&) noexcept = default;
PromptCounter& PromptCounter::operator=(PromptCounter&&) noexcept = default;
PromptCounter::~PromptCounter() = default;

bool PromptCounter::step(std::size_t bytes) { return walk_->step(bytes); }

PromptTokens PromptCounter::result() const noexcept { return walk_->result(); }

}  // namespace tollgate::openai
