// Counts a streamed answer on its way to the client and keeps it within what was reserved: tops the
// reservation up as the answer grows, and ends the answer at a limit that will give no more.
// One thread: the exchange's worker.
#pragma once

#include "filters/booking.hpp"
#include "openai/delivered_text.hpp"
#include "openai/stream_end.hpp"
#include "tollgate/response_sink.hpp"

#include <optional>

namespace tollgate::filters {

class AnswerMeter final : public SinkDecorator {
 public:
  AnswerMeter(ResponseSink& out, Exchange& ex, Booking& booking, tokens::Encoding encoding);

  awaitable<Flow> head(const ResponseHead& head) override;
  awaitable<Flow> chunk(const Chunk& chunk) override;

  bool has_ended_answer() const noexcept { return has_ended_answer_; }

 private:
  // Delivers the chunk if it can be paid for, or the end of the answer.
  awaitable<Flow> deliver_or_end(Chunk chunk);
  awaitable<Flow> end_answer();

  Exchange& ex_;
  Booking& booking_;
  openai::DeliveredText& delivered_;
  std::optional<openai::StreamEnd> end_;  // only if the answer may have to be ended
  bool is_event_stream_ = false;
  bool is_at_limit_ = false;  // a limit has no more to give
  bool has_ended_answer_ = false;
};

}  // namespace tollgate::filters
