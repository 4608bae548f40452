// Ends a stream at a token limit the way the provider itself does: with finish_reason `length`, or
// with `response.incomplete`, so that clients take it for the valid short answer that it is.
//
// Not for use by two threads at once.
#pragma once

#include "openai/stream_events.hpp"
#include "tollgate/operation.hpp"
#include "tollgate/usage.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::openai {

class StreamEnd {
 public:
  StreamEnd(Operation operation, std::int64_t choices) : operation_(operation), choices_(choices) {}

  // Every event that the client gets, in order: what names the answer is kept from the first.
  void see(std::string_view event, std::string_view data);

  // The last events, blank lines included. `tells_usage`: the client asked for a usage chunk.
  std::string text(const Usage& usage, bool tells_usage) const;

 private:
  std::string chat_end(const Usage& usage, bool tells_usage) const;
  std::string response_end(const Usage& usage) const;

  Operation operation_;
  std::int64_t choices_;
  std::int64_t sequence_number_ = -1;
  std::string first_;  // the start of each chunk of a chat; the `response` object, without what is long
};

}  // namespace tollgate::openai
