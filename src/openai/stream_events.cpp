#include "openai/stream_events.hpp"

#include "base/ascii.hpp"
#include "base/json_text.hpp"
#include "openai/in_band_error.hpp"
#include "openai/json_cursor.hpp"
#include "openai/usage_reader.hpp"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tollgate::openai {
namespace {

std::string_view trim_space(std::string_view text) noexcept {
  while (!text.empty() && base::is_json_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && base::is_json_space(text.back())) text.remove_suffix(1);
  return text;
}

// What stands after `"name"` and a colon at `at`, which is a quote; null if that is not there.
//
// In well-formed JSON a quote inside a string always has a backslash before it, and a closing quote
// is never followed by a letter: such a match without a backslash is a field, never text.
const char* value_of_field(const char* begin, const char* at, const char* end,
                           std::string_view name) noexcept {
  if (at != begin && at[-1] == '\\') return nullptr;
  ++at;
  if (static_cast<std::size_t>(end - at) < name.size() + 2) return nullptr;
  if (std::memcmp(at, name.data(), name.size()) != 0) return nullptr;
  at += name.size();
  if (*at++ != '"') return nullptr;
  while (at != end && base::is_json_space(*at)) ++at;
  if (at == end || *at++ != ':') return nullptr;
  while (at != end && base::is_json_space(*at)) ++at;
  return at;
}

// Calls `look(at)` for every quote that may begin `"usage"`, `"error"` or `"content"`; it returns where
// to go on, null to stop. One look at every byte, sixteen at a time.
template <class Look>
void each_candidate(std::string_view data, Look look) {
  const char* at = data.data();
  const char* const end = at + data.size();
#if defined(__SSE2__)
  constexpr int last_looked_at = 7;  // behind the quote: the `t` that ends `content`
  const auto quote = _mm_set1_epi8('"');
  const auto c = _mm_set1_epi8('c');
  const auto e = _mm_set1_epi8('e');
  const auto t = _mm_set1_epi8('t');
  const auto u = _mm_set1_epi8('u');
  while (end - at >= 16 + last_looked_at) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 1));
    const auto last = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + last_looked_at));
    const auto is_content = _mm_and_si128(_mm_cmpeq_epi8(next, c), _mm_cmpeq_epi8(last, t));
    const auto is_other = _mm_or_si128(_mm_cmpeq_epi8(next, u), _mm_cmpeq_epi8(next, e));
    const auto hits = _mm_and_si128(_mm_cmpeq_epi8(bytes, quote), _mm_or_si128(is_content, is_other));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
    at = mask == 0 ? at + 16 : look(at + std::countr_zero(mask));
    if (at == nullptr) return;
  }
#endif
  while (end - at > 1) {
    at = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at - 1)));
    if (at == nullptr) return;
    at = at[1] == 'c' || at[1] == 'e' || at[1] == 'u' ? look(at) : at + 1;
    if (at == nullptr) return;
  }
}

// What a quick look at a chunk of a chat shows.
struct Glance {
  bool has_usage_or_error = false;  // a field of that name, at any depth, that is not null
  bool has_null_usage = false;      // at any depth
  std::string_view text;            // of the first field `content` that is text and not empty
  bool has_more_text = false;       // there is another one
};

Glance glance_at(std::string_view data) {
  const char* const begin = data.data();
  const char* const end = begin + data.size();
  Glance seen;
  each_candidate(data, [&](const char* at) -> const char* {
    if (at[1] == 'c') {
      const char* const value = value_of_field(begin, at, end, "content");
      if (value == nullptr || value == end || *value != '"') return at + 1;
      JsonCursor json({value, static_cast<std::size_t>(end - value)});
      JsonString text;
      if (!json.read_string(text)) return nullptr;
      seen.has_more_text |= !seen.text.empty() && !text.raw.empty();
      if (seen.text.empty()) seen.text = text.raw;
      return value + json.offset();
    }
    const char* const usage = value_of_field(begin, at, end, "usage");
    const char* const value = usage != nullptr ? usage : value_of_field(begin, at, end, "error");
    if (value == nullptr || value == end) return at + 1;
    const bool is_null = *value == 'n';
    seen.has_null_usage |= is_null && usage != nullptr;
    seen.has_usage_or_error = !is_null;
    return is_null ? value : nullptr;
  });
  return seen;
}

// A value that says something: not null, not empty.
bool take_is_something(JsonCursor& json) {
  std::string_view text;
  if (!json.read_value(text)) return false;
  if (text == "null") return false;
  const char first = text.front();
  if (first == '"') return text.size() > 2;
  if (first == '{' || first == '[') return trim_space(text.substr(1, text.size() - 2)).size() > 0;
  return true;
}

// Whether a choice carries a token, or the reason why there are no more.
bool take_choice(JsonCursor& json) {
  if (json.peek() != '{') {
    json.skip_value();
    return false;
  }
  json.open_object();
  bool is_meaningful = false;
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw == "finish_reason" || key.raw == "text") {
      is_meaningful |= take_is_something(json);
    } else if (key.raw == "delta" && json.peek() == '{') {
      json.open_object();
      JsonString part;
      for (bool is_first_part = true; json.next_member(part, is_first_part);
           is_first_part = false) {
        const bool says_something = take_is_something(json);
        is_meaningful |= says_something && part.raw != "role";
        if (json.is_broken()) return false;
      }
    } else {
      json.skip_value();
    }
    if (json.is_broken()) return false;
  }
  return is_meaningful;
}

// Returns whether there is any choice.
bool take_choices(JsonCursor& json, bool& is_meaningful) {
  if (json.peek() != '[') {
    json.skip_value();
    return false;
  }
  json.open_array();
  bool is_any = false;
  for (; json.next_element(!is_any); is_any = true) {
    is_meaningful |= take_choice(json);
    if (json.is_broken()) break;
  }
  return is_any;
}

std::string_view take_plain_string(JsonCursor& json) {
  JsonString string;
  if (json.peek() != '"') {
    json.skip_value();
    return {};
  }
  return json.read_string(string) && !string.has_escapes ? string.raw : std::string_view{};
}

ChunkFacts read_whole_chunk(std::string_view data) {
  JsonCursor json(data);
  ChunkFacts facts;
  bool has_choice = false;
  ChunkFacts malformed;
  malformed.is_malformed = true;
  if (!json.open_object()) return malformed;
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw == "choices") {
      has_choice = take_choices(json, facts.is_meaningful);
    } else if (key.raw == "usage") {
      facts.has_null_usage = json.peek() == 'n';
      facts.has_usage = take_usage(json, facts.usage);
    } else if (key.raw == "error") {
      facts.is_error = take_is_something(json);
    } else if (key.raw == "model") {
      facts.response_model = take_plain_string(json);
    } else {
      json.skip_value();
    }
    if (json.is_broken()) return malformed;
  }
  if (json.is_broken()) return malformed;
  facts.is_usage_only = facts.has_usage && !has_choice;
  return facts;
}

enum class EventKind : unsigned char {
  preamble,  // announces something
  token,     // carries a part of the answer
  started,   // `response.created` and the like: names the model
  ended,     // completed or incomplete, with usage
  failed,
  error,
};

EventKind kind_of(std::string_view event) noexcept {
  if (event.ends_with(".delta")) return EventKind::token;
  if (event == "error") return EventKind::error;
  if (event == "response.completed" || event == "response.incomplete") return EventKind::ended;
  if (event == "response.failed") return EventKind::failed;
  if (event == "response.created" || event == "response.in_progress" || event == "response.queued")
    return EventKind::started;
  // Images and audio end with the event that has their usage.
  if (event == "image_generation.completed" || event == "image_edit.completed" ||
      event == "transcript.text.done" || event == "speech.audio.done")
    return EventKind::ended;
  if (event.ends_with(".done") || event.ends_with(".partial_image") ||
      event == "response.output_text.annotation.added")
    return EventKind::token;
  return EventKind::preamble;
}

// The name a typed event gives itself.
std::string_view type_in(std::string_view data) {
  JsonCursor json(data);
  JsonString key;
  if (!json.open_object()) return {};
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw == "type") return take_plain_string(json);
    if (!json.skip_value()) break;
  }
  return {};
}

// What every event may have. The number is usually the second member and the delta the sixth, so the long
// ones behind them are not touched.
void read_plain_event(std::string_view data, bool has_delta, ChunkFacts& facts) {
  JsonCursor json(data);
  JsonString key;
  if (!json.open_object()) return;
  bool needs_number = true;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    JsonString text;
    std::string_view value;
    if (has_delta && key.raw == "delta" && json.peek() == '"') {
      if (!json.read_string(text)) return;
      facts.text = text.raw;
      has_delta = false;
    } else if (!json.read_value(value)) {
      return;
    } else if (key.raw == "sequence_number") {
      if (!read_integer(value, facts.sequence_number)) facts.sequence_number = -1;
      needs_number = false;
    }
    if (!needs_number && !has_delta) return;
  }
}

void take_response(JsonCursor& json, ChunkFacts& facts) {
  if (json.peek() != '{') {
    json.skip_value();
    return;
  }
  json.open_object();
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw == "usage")
      facts.has_usage = take_usage(json, facts.usage);
    else if (key.raw == "model")
      facts.response_model = take_plain_string(json);
    else
      json.skip_value();
    if (json.is_broken()) return;
  }
}

// Model and usage of a lifecycle event, which holds the whole response, or its usage right beside
// its type.
void read_lifecycle_event(std::string_view data, ChunkFacts& facts) {
  JsonCursor json(data);
  ChunkFacts found;
  JsonString key;
  if (!json.open_object()) return;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw == "response")
      take_response(json, found);
    else if (key.raw == "usage")
      found.has_usage = take_usage(json, found.usage);
    else
      json.skip_value();
    if (json.is_broken()) return;
  }
  if (json.is_broken()) return;
  facts.has_usage = found.has_usage;
  facts.usage = found.usage;
  facts.response_model = found.response_model;
}

// From the comma before a top-level `"usage":null` to its end, or, if it is the first member, to
// the comma after it.
bool find_null_usage(std::string_view data, std::size_t& begin, std::size_t& end) {
  JsonCursor json(data);
  if (!json.open_object()) return false;
  JsonString key;
  std::size_t last_end = json.offset();
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    const auto key_begin = static_cast<std::size_t>(key.raw.data() - data.data()) - 1;
    std::string_view value;
    if (!json.read_value(value)) return false;
    if (key.raw == "usage" && value == "null") {
      begin = is_first ? key_begin : last_end;
      end = json.offset();
      if (is_first && json.peek() == ',') end = json.offset() + 1;
      return true;
    }
    last_end = json.offset();
  }
  return false;
}

}  // namespace

Dialect dialect_of(Operation operation) noexcept {
  const bool is_chat =
      operation == Operation::chat_completions || operation == Operation::completions;
  return is_chat ? Dialect::chat : Dialect::responses;
}

ChunkFacts read_chat_chunk(std::string_view data, bool need_meaning) {
  if (data.size() < 16 && trim_space(data) == "[DONE]") {
    ChunkFacts facts;
    facts.is_done = true;
    facts.is_terminal = true;
    facts.text.emplace();
    return facts;
  }
  if (!has_ends_of_object(data)) {
    ChunkFacts malformed;
    malformed.is_malformed = true;
    return malformed;
  }
  if (!need_meaning) {
    const Glance seen = glance_at(data);
    if (!seen.has_usage_or_error) {
      ChunkFacts facts;
      facts.has_null_usage = seen.has_null_usage;
      if (!seen.text.empty() && !seen.has_more_text) facts.text = seen.text;
      return facts;
    }
  }
  auto facts = read_whole_chunk(data);
  facts.is_meaningful = facts.is_meaningful && need_meaning;
  return facts;
}

ChunkFacts read_response_event(std::string_view event, std::string_view data, bool need_meaning) {
  ChunkFacts facts;
  facts.is_malformed = !has_ends_of_object(data);
  if (facts.is_malformed) return facts;
  if (event.empty()) event = type_in(data);
  const auto kind = kind_of(event);
  facts.text.emplace();
  read_plain_event(data, event.ends_with(".delta"), facts);
  facts.is_terminal = kind == EventKind::ended || kind == EventKind::failed;
  facts.is_failed = kind == EventKind::failed || kind == EventKind::error;
  facts.is_error = kind == EventKind::error;
  facts.is_meaningful = need_meaning && (kind == EventKind::token || kind == EventKind::ended);
  if (facts.is_terminal || (need_meaning && kind == EventKind::started))
    read_lifecycle_event(data, facts);
  return facts;
}

bool strip_null_usage(std::string_view data, std::string_view& before, std::string_view& after) {
  // Where it usually stands. The brace that ends the data closes the chunk itself, so what is right
  // before it belongs to the chunk and not to something inside it.
  constexpr std::string_view usual = R"(,"usage":null})";
  if (data.ends_with(usual)) {
    before = data.substr(0, data.size() - usual.size());
    after = data.substr(data.size() - 1);
    return true;
  }
  std::size_t begin = 0;
  std::size_t end = 0;
  if (!find_null_usage(data, begin, end)) return false;
  before = data.substr(0, begin);
  after = data.substr(end);
  return true;
}

std::string stream_error_event(Dialect dialect, const Error& error, std::int64_t sequence_number) {
  if (dialect == Dialect::chat) return "data: " + error_body(error) + "\n\n";

  std::string event = "event: error\ndata: {\"type\":\"error\",\"code\":\"";
  event += code_of(error.kind);
  event += R"(","message":")";
  json_escape(event, error.message);
  event += R"(","param":)";
  if (error.param.empty()) {
    event += "null";
  } else {
    event += '"';
    json_escape(event, error.param);
    event += '"';
  }
  event += R"(,"sequence_number":)";
  event += std::to_string(sequence_number);
  event += "}\n\n";
  return event;
}

}  // namespace tollgate::openai
