// Books the answers of a realtime session one by one as they come, and ends the session at a limit or budget
// that has no more.
//
// An answer is reserved when the service says that it begins, as a call would be, and settled with the usage
// that it ends with. One that is left before its end is booked as it was reserved.
// One thread: the exchange's worker.
#pragma once

#include "filters/booking.hpp"
#include "tollgate/response_sink.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace tollgate::filters {

class AnswerBooks {
 public:
  virtual ~AnswerBooks() = default;
  virtual std::unique_ptr<Booking> open(Exchange& ex) const = 0;
  virtual limits::Need need(const Exchange& ex, std::int64_t prompt_tokens) const = 0;
};

class SessionMeter final : public SinkDecorator {
 public:
  SessionMeter(ResponseSink& out, Exchange& ex, const AnswerBooks& books) : SinkDecorator(out), ex_(ex), books_(books) {}

  awaitable<Flow> chunk(const Chunk& chunk) override;

  // Why it ended the session; none: it did not.
  ErrorKind refused_with() const noexcept { return refused_with_; }

 private:
  awaitable<Flow> begin_answer(Chunk chunk);
  awaitable<Flow> finish_answer(Chunk chunk);
  awaitable<Flow> end_session(limits::Refusal refusal);

  Exchange& ex_;
  const AnswerBooks& books_;
  std::vector<std::unique_ptr<Booking>> open_;  // answers under way, the oldest first
  std::int64_t next_prompt_ = 1;                // tokens that the next answer will read, as far as known
  ErrorKind refused_with_ = ErrorKind::none;
};

}  // namespace tollgate::filters
