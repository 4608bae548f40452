// Where a response goes: the head, then chunks. The client is the outermost sink; a filter that
// watches, holds, masks, records or replays puts a sink of its own in front (SinkDecorator).
//
// Rules:
// - head() once, then chunk() any number of times; the end is the return of the filter chain.
// - A sink may hold bytes back to send them together with the next; flush() says that nothing more
//   comes for now. Whoever is about to wait for the upstream flushes first.
// - Views in a head or chunk are valid until the returned awaitable has completed, no longer.
// - Back-pressure is the await: it completes when the next sink has taken the bytes.
// - A call whose result is ready at once must not cost a coroutine: decorators pass the awaitable on.
// One thread: the exchange's worker.
#pragma once

#include "tollgate/awaitable.hpp"
#include "tollgate/header.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tollgate {

enum class Flow : unsigned char { go_on, stop };  // stop: nobody wants the rest, close the upstream

struct ResponseHead {
  int status = 200;
  std::string_view content_type;               // "" if there is no body
  std::optional<std::uint64_t> content_length;  // absent: the end is framed by the sink
  bool is_event_stream = false;
  std::span<const Header> headers;             // others to pass on
};

struct Chunk {
  // One SSE event, some bytes of another body, or one whole frame of a WebSocket.
  enum class Kind : unsigned char { event, part, frame };
  Kind kind = Kind::part;
  std::string_view bytes;   // what goes out, verbatim
  std::string_view data;    // events: the data lines joined; frames: the text of a text message
  std::string_view event;   // events: the event name, "" if none; frames: the message's `type`
  bool is_meaningful = false;  // events: carries a token, not only a role or a filter result
  // Events: all that it adds to the answer's text, as written inside its JSON string. Absent: whoever wants
  // it has to look into `data`.
  std::optional<std::string_view> text;
};

class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual awaitable<Flow> head(const ResponseHead& head) = 0;
  virtual awaitable<Flow> chunk(const Chunk& chunk) = 0;
  virtual awaitable<Flow> flush() = 0;
};

// Passes everything on; override what you watch.
class SinkDecorator : public ResponseSink {
 public:
  explicit SinkDecorator(ResponseSink& out) : out_(out) {}
  awaitable<Flow> head(const ResponseHead& head) override { return out_.head(head); }
  awaitable<Flow> chunk(const Chunk& chunk) override { return out_.chunk(chunk); }
  awaitable<Flow> flush() override { return out_.flush(); }

 protected:
  ResponseSink& out_;
};

}  // namespace tollgate
