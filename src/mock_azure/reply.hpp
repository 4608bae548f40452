// What a handler gives to the server: a head, a body or a series of events, a pace and a fault.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mock_azure/fault.hpp"
#include "mock_azure/http_request.hpp"

namespace tollgate::mock {

struct Usage {
  std::int64_t prompt = 0, completion = 0, cached = 0, reasoning = 0;
  std::int64_t total() const { return prompt + completion; }
};

// The events of one SSE stream, made one by one so that an open stream costs little memory.
class EventSource {
 public:
  virtual ~EventSource() = default;
  struct Event {
    std::string data;
    std::string_view name;  // `event:` line; static text; empty: none
    bool paced = false;     // carries a token: waits its turn
  };
  // False when the stream is over. `event.data` comes in cleared.
  virtual bool next(Event& event) = 0;
  // The frame that reports a fault inside the stream, in the dialect of this stream.
  virtual void error_event(Event& event) = 0;
};

struct Pace {
  std::chrono::microseconds first_delay{0};
  std::chrono::microseconds gap{0};
};

// The other end of a WebSocket: hears the client's messages and has events to say.
class Conversation {
 public:
  virtual ~Conversation() = default;
  virtual void hear(std::string_view message) = 0;
  virtual bool next(EventSource::Event& event) = 0;  // false: nothing for now
  virtual Pace pace() const = 0;
  virtual Fault fault() const = 0;
  virtual Usage usage() const = 0;  // so far
};

class Deployment;
struct JournalEntry;

struct Reply {
  Reply();
  Reply(Reply&&) noexcept;
  Reply& operator=(Reply&&) noexcept;
  ~Reply();

  int status = 200;
  std::string_view content_type = "application/json";  // static text
  std::string headers;                                 // whole lines, each ending in CR LF
  std::string body;
  std::unique_ptr<EventSource> events;  // instead of `body`
  std::unique_ptr<Conversation> conversation;  // with status 101
  bool sends_chunks = false;            // body goes out chunked (audio)
  bool closes = false;                  // last answer on this connection
  bool coalesces = false;
  std::chrono::microseconds first_delay{0};
  std::chrono::microseconds gap{0};
  Fault fault;

  std::uint64_t meaning = 0;  // hash of what was asked; ids derive from it
  Usage usage;
  Deployment* deployment = nullptr;
  std::int64_t charged = 0;  // ptu estimate, settled at the end
  std::unique_ptr<JournalEntry> entry;
};

enum class End { complete, client_gone, fault };

// The application behind the server. Called from all server threads.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Reply handle(const HttpRequest& request) = 0;
  // Only the head is known: an answer given now, before the body was read, or nothing.
  virtual std::optional<Reply> handle_early(const HttpRequest& request) = 0;
  // Once for each reply, when its last byte left or its connection ended.
  virtual void finished(Reply& reply, End end, std::int64_t tokens_sent) = 0;
};

}  // namespace tollgate::mock
