// Looks at one event of a streamed answer without building a document: does it carry a token,
// usage, an error, the end?
//
// Runs for every chunk of every stream. Once the first token has been seen only a quick search is
// made, and the event is read properly only if that finds something.
#pragma once

#include "tollgate/error.hpp"
#include "tollgate/operation.hpp"
#include "tollgate/usage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::openai {

// How a stream is spoken.
enum class Dialect : unsigned char {
  chat,       // bare data lines, `[DONE]` at the end: chat completions and completions
  responses,  // typed events, no `[DONE]`: responses, images, transcriptions
};
Dialect dialect_of(Operation operation) noexcept;

struct ChunkFacts {
  bool is_done = false;        // [DONE]
  bool is_usage_only = false;  // no choices, but usage: the extra chunk of include_usage
  bool is_meaningful = false;  // carries content, a tool call, a refusal, audio, or a finish reason
  bool is_error = false;       // the upstream reports an error inside the stream
  bool has_usage = false;
  bool has_null_usage = false;  // chat: there seems to be a `"usage":null` (strip_null_usage)
  bool is_terminal = false;  // chat: [DONE]; responses: completed, incomplete or failed
  bool is_failed = false;    // responses: `response.failed` or `error`
  bool is_malformed = false;  // not JSON where it was read, or not an object by its ends
  Usage usage;
  std::string_view response_model;    // points into the data; "" if it was not looked for
  std::int64_t sequence_number = -1;  // responses only
  // All that it adds to the answer, as written inside its JSON string; points into the data. Absent: it is
  // not one plain piece of text, or was not looked for (openai/delivered_text).
  std::optional<std::string_view> text;
};

// `data` is the event's data, its lines joined. With `need_meaning` false is_meaningful and, except
// beside usage, response_model are left alone; with true the text is. Data that is not JSON yields no
// facts but that.
ChunkFacts read_chat_chunk(std::string_view data, bool need_meaning);

// `event` is the event's name; if it is empty the `type` in the data counts.
ChunkFacts read_response_event(std::string_view event, std::string_view data, bool need_meaning);

// Finds a `"usage":null` member of the chunk itself, which exists only because the gateway asked
// for usage. True: the chunk without it is `before` followed by `after`.
bool strip_null_usage(std::string_view data, std::string_view& before, std::string_view& after);

// The last event of a stream that was cut, blank line included. `sequence_number` is that of the
// event itself: one more than the last one relayed.
std::string stream_error_event(Dialect dialect, const Error& error,
                               std::int64_t sequence_number = 0);

}  // namespace tollgate::openai
