#include "openai/request_scan.hpp"

#include "base/ascii.hpp"
#include "base/by_length.hpp"
#include "openai/json_cursor.hpp"
#include "openai/prompt_prefix.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

namespace tollgate::openai {
namespace {

// Ordered by length: a name is compared with the few of its own length only.
enum class Field : unsigned char {
  n,
  user,
  model,
  store,
  tools,
  input,
  files,
  stream,
  prompt,
  best_of,
  file_id,
  messages,
  file_ids,
  max_tokens,
  background,
  instructions,
  conversation,
  training_file,
  input_file_id,
  stream_options,
  validation_file,
  prompt_cache_key,
  max_output_tokens,
  previous_response_id,
  max_completion_tokens,
  count,
};

constexpr std::array<std::string_view, static_cast<std::size_t>(Field::count)> field_names{
    "n",
    "user",
    "model",
    "store",
    "tools",
    "input",
    "files",
    "stream",
    "prompt",
    "best_of",
    "file_id",
    "messages",
    "file_ids",
    "max_tokens",
    "background",
    "instructions",
    "conversation",
    "training_file",
    "input_file_id",
    "stream_options",
    "validation_file",
    "prompt_cache_key",
    "max_output_tokens",
    "previous_response_id",
    "max_completion_tokens"};
static_assert(std::ranges::is_sorted(field_names, {}, &std::string_view::size));

constexpr std::size_t longest_name = field_names.back().size();
constexpr auto first_of_length = base::begins_by_length<longest_name>(field_names);

constexpr std::string_view include_usage_name = "include_usage";

constexpr std::size_t longest_escaped_name = longest_name * 6;  // six bytes an escape
constexpr std::size_t longest_model = 256;
constexpr std::size_t longest_user = 1024;
constexpr std::int64_t most_answers = 1024;  // eight times what the service takes

using base::equals_ignoring_case;

// Field::count: not one of them.
Field field_called(std::string_view name) noexcept {
  if (name.size() > longest_name) return Field::count;
  for (std::size_t i = first_of_length[name.size()]; i != first_of_length[name.size() + 1]; ++i)
    if (equals_ignoring_case(field_names[i], name)) return static_cast<Field>(i);
  return Field::count;
}

bool counts_answer_tokens(Field field, Operation operation) noexcept {
  switch (operation) {
    case Operation::responses:
    case Operation::response_object:
      return field == Field::max_output_tokens;
    case Operation::chat_completions:
      return field == Field::max_tokens || field == Field::max_completion_tokens;
    default:
      return field == Field::max_tokens;
  }
}

class Scan {
 public:
  Scan(std::string_view body, Operation operation, RequestFacts& facts, ScanProblem& problem)
      : body_(body), json_(body), operation_(operation), facts_(facts), problem_(problem),
        references_(facts.references, facts.unescaped) {
    if (body.size() > StringEnds::longest_text) return;
    facts.string_ends.make_room_for(body);
    json_.note_ends(facts.string_ends);
  }

  bool run() {
    if (json_.is_at_end())
      return refuse_document("The request body is empty; a JSON object is needed.");
    if (json_.peek() != '{') return refuse("The request body has to be a JSON object", {});
    if (!json_.open_object()) return broken();
    facts_.object_begin = json_.offset();
    facts_.is_empty_object = json_.peek() == '}';
    JsonString key;
    for (bool is_first = true; json_.next_member(key, is_first); is_first = false)
      if (!read_member(key)) return false;
    if (json_.is_broken()) return broken();
    if (!json_.is_at_end())
      return refuse("Something follows the JSON object of the request body", {});
    // Last, so that the usual faults are told with their place; the text is still in the cache.
    if (!simdjson::validate_utf8(body_.data(), body_.size()))
      return refuse_document("The request body is not valid UTF-8.");
    if (references_.is_full())
      return refuse_document("The request body refers to more than " + std::to_string(most_references) +
                             " stored objects.");
    facts_.prefix_hash = prefix_hash();
    return true;
  }

 private:
  bool read_member(const JsonString& key) {
    std::string_view name = key.raw;
    std::string unescaped;
    if (key.has_escapes && name.size() <= longest_escaped_name && json_unescape(name, unescaped))
      name = unescaped;
    const Field field = field_called(name);
    if (field == Field::count) return json_.skip_value() || broken();
    // Some servers match field names without regard to case and would take this one for the other.
    const auto known_name = field_names[static_cast<std::size_t>(field)];
    if (known_name != name) return refuse_misspelt(name, known_name);
    return read_field(field);
  }

  bool read_field(Field field) {
    const auto name = field_names[static_cast<std::size_t>(field)];
    const auto bit = 1U << static_cast<unsigned>(field);
    if (seen_ & bit) return refuse_twice(name);
    seen_ |= bit;

    switch (field) {
      case Field::model:
        return read_text(name, longest_model, facts_.model, &facts_.model_value);
      case Field::user:
        return read_text(name, longest_user, facts_.user, nullptr);
      case Field::previous_response_id:
        if (!read_text(name, longest_object_id, facts_.previous_response_id, nullptr)) return false;
        if (!facts_.previous_response_id.empty()) facts_.references.push_back({facts_.previous_response_id, name});
        return true;
      case Field::prompt_cache_key:
        return read_text(name, longest_user, prompt_cache_key_, nullptr);
      case Field::tools:
      case Field::messages:
      case Field::input:
      case Field::files:
        return read_and_search(field);
      case Field::instructions:
      case Field::prompt:
        return read_part(field);
      case Field::conversation:
      case Field::input_file_id:
      case Field::training_file:
      case Field::validation_file:
      case Field::file_id:
      case Field::file_ids: {
        std::string_view value;
        if (!json_.read_value(value)) return broken();
        references_.take_ids(value, name);
        return true;
      }
      case Field::stream:
        return read_flag(name, facts_.stream, nullptr);
      case Field::store:
        return read_flag(name, facts_.store, nullptr);
      case Field::background:
        return read_flag(name, facts_.background, nullptr);
      case Field::stream_options:
        return read_stream_options();
      case Field::max_tokens:
      case Field::max_completion_tokens:
      case Field::max_output_tokens: {
        if (!counts_answer_tokens(field, operation_)) return json_.skip_value() || broken();
        std::int64_t tokens = -1;
        json_.peek();
        const auto begin = json_.offset();
        if (!read_count(name, 0, tokens)) return false;
        // Of two, the one that allows more: the other cannot be what lets an answer grow.
        if (facts_.max_tokens_value.is_empty() || tokens > facts_.max_tokens) {
          facts_.max_tokens_value = {begin, json_.offset()};
        }
        facts_.max_tokens = std::max(facts_.max_tokens, tokens);
        return true;
      }
      case Field::n:
      case Field::best_of: {
        std::int64_t answers = 1;
        const auto begin = (json_.peek(), json_.offset());
        if (!read_count(name, 1, answers)) return false;
        if (answers > most_answers)
          return refuse_at(begin, "'" + std::string(name) + "' is more than " + std::to_string(most_answers), name);
        facts_.n = std::max(facts_.n, answers);
        return true;
      }
      case Field::count:
        break;
    }
    return json_.skip_value() || broken();
  }

  bool read_stream_options() {
    const char first = json_.peek();
    facts_.stream_options.begin = json_.offset();
    if (first == 'n') {
      if (!json_.skip_value()) return broken();
      facts_.stream_options_is_null = true;
    } else {
      if (first != '{') return refuse_type("stream_options", "an object");
      if (!json_.open_object()) return broken();
      facts_.stream_options_is_empty = json_.peek() == '}';
      bool is_seen = false;
      JsonString key;
      for (bool is_first = true; json_.next_member(key, is_first); is_first = false)
        if (!read_stream_option(key, is_seen)) return false;
      if (json_.is_broken()) return broken();
    }
    facts_.stream_options.end = json_.offset();
    return true;
  }

  bool read_stream_option(const JsonString& key, bool& is_seen) {
    std::string_view name = key.raw;
    std::string unescaped;
    if (key.has_escapes && name.size() <= longest_escaped_name && json_unescape(name, unescaped))
      name = unescaped;
    if (!equals_ignoring_case(name, include_usage_name)) return json_.skip_value() || broken();
    if (name != include_usage_name) return refuse_misspelt(name, include_usage_name);
    if (is_seen) return refuse_twice("stream_options.include_usage");
    is_seen = true;
    return read_flag("stream_options.include_usage", facts_.include_usage,
                     &facts_.include_usage_value);
  }

  // --- what refers to stored objects, and how the prompt begins ---

  bool read_part(Field field) {
    return json_.read_value(parts_[static_cast<std::size_t>(field)]) || broken();
  }

  bool read_and_search(Field field) {
    if (!read_part(field)) return false;
    const auto value = parts_[static_cast<std::size_t>(field)];
    // Messages seldom refer to anything; items of a response's input do so in many ways.
    const bool is_searched = field == Field::messages ? value.find("_id") != value.npos
                                                      : operation_ == Operation::responses ||
                                                            operation_ == Operation::vector_stores;
    if (is_searched) references_.search(value, field == Field::input);
    return true;
  }

  // Tools come before what is said, in the model's eyes.
  std::uint64_t prefix_hash() const {
    if (!prompt_cache_key_.empty()) return PromptPrefix::of_key(prompt_cache_key_);
    if (operation_ != Operation::chat_completions && operation_ != Operation::completions &&
        operation_ != Operation::responses)
      return 0;
    if (body_.size() < PromptPrefix::length) return 0;  // most requests: too short to be cached
    PromptPrefix prefix;
    for (const Field field : {Field::tools, Field::instructions, Field::messages, Field::input, Field::prompt})
      prefix.feed(parts_[static_cast<std::size_t>(field)]);
    return prefix.value();
  }

  // A string or null.
  bool read_text(std::string_view name, std::size_t longest, std::string_view& value,
                 Range* where) {
    const char first = json_.peek();
    const auto begin = json_.offset();
    if (first == 'n') {
      if (!json_.skip_value()) return broken();
    } else {
      if (first != '"') return refuse_type(name, "a string");
      JsonString string;
      if (!json_.read_string(string)) return broken();
      value = string.raw;
      if (string.has_escapes) {
        auto text = std::make_unique<std::string>();
        if (!json_unescape(string.raw, *text))
          return refuse_at(begin, "'" + std::string(name) + "' names half a surrogate pair", name);
        value = *text;
        facts_.unescaped.push_back(std::move(text));
      }
      if (value.size() > longest)
        return refuse_at(
            begin,
            "'" + std::string(name) + "' is longer than " + std::to_string(longest) + " bytes",
            name);
    }
    if (where != nullptr) *where = {begin, json_.offset()};
    return true;
  }

  // true, false or null.
  bool read_flag(std::string_view name, bool& value, Range* where) {
    const char first = json_.peek();
    const auto begin = json_.offset();
    if (first != 't' && first != 'f' && first != 'n') return refuse_type(name, "true or false");
    if (!json_.skip_value()) return broken();
    if (first != 'n') value = first == 't';
    if (where != nullptr) *where = {begin, json_.offset()};
    return true;
  }

  // A whole number or null.
  bool read_count(std::string_view name, std::int64_t least, std::int64_t& value) {
    const char first = json_.peek();
    const auto begin = json_.offset();
    if (first == '{' || first == '[' || first == '"' || first == 't' || first == 'f')
      return refuse_type(name, "a whole number");
    if (!json_.skip_value()) return broken();
    if (first == 'n') return true;
    std::int64_t number = 0;
    if (!read_integer(body_.substr(begin, json_.offset() - begin), number) || number < least)
      return refuse_at(begin,
                       "'" + std::string(name) + "' has to be a whole number of at least " +
                           std::to_string(least),
                       name);
    value = number;
    return true;
  }

  bool broken() {
    return refuse("The request body is not valid JSON: " + std::string(json_.problem()), {});
  }
  bool refuse_type(std::string_view name, std::string_view wanted) {
    return refuse("'" + std::string(name) + "' has to be " + std::string(wanted), name);
  }
  bool refuse_twice(std::string_view name) {
    return refuse("'" + std::string(name) + "' is given twice", name);
  }
  bool refuse_misspelt(std::string_view name, std::string_view meant) {
    return refuse(
        "'" + std::string(name) + "' is not a field; did you mean '" + std::string(meant) + "'?",
        meant);
  }
  bool refuse(std::string what, std::string_view param) {
    return refuse_at(json_.offset(), std::move(what), param);
  }
  bool refuse_at(std::size_t offset, std::string what, std::string_view param) {
    const auto before = body_.substr(0, offset);
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    what += " (line " + std::to_string(line) + ", column " +
            std::to_string(offset - line_start + 1) + ").";
    problem_ = {std::move(what), std::string(param), offset};
    return false;
  }
  bool refuse_document(std::string what) {
    problem_ = {std::move(what), {}, 0};
    return false;
  }

  std::string_view body_;
  JsonCursor json_;
  Operation operation_;
  RequestFacts& facts_;
  ScanProblem& problem_;
  ReferenceFinder references_;
  std::array<std::string_view, static_cast<std::size_t>(Field::count)> parts_{};  // of the prompt, by field
  std::string_view prompt_cache_key_;
  unsigned seen_ = 0;
};

}  // namespace

bool scan_request(std::string_view body, Operation operation, RequestFacts& facts,
                  ScanProblem& problem) {
  facts = {};
  return Scan(body, operation, facts, problem).run();
}

}  // namespace tollgate::openai
