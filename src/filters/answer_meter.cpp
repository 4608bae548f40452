#include "filters/answer_meter.hpp"

#include "openai/request_scan.hpp"

namespace tollgate::filters {

namespace {

// Answer tokens that are reserved at a time while an answer runs: the most that a limit of one
// process is overspent by what a provider counts differently from us.
constexpr std::int64_t top_up_tokens = 256;

// More is asked for before less than this is left. Nothing is counted while even the bytes would fit as
// tokens, so close to what was granted every chunk would have to be.
constexpr std::int64_t low_tokens = 64;

}  // namespace

AnswerMeter::AnswerMeter(ResponseSink& out, Exchange& ex, Booking& booking, tokens::Encoding encoding)
    : SinkDecorator(out), ex_(ex), booking_(booking), delivered_(booking.count_answer(openai::dialect_of(ex.route.operation), encoding)) {
  if (booking.is_capped()) end_.emplace(ex.route.operation, ex.facts ? ex.facts->n : 1);
}

awaitable<Flow> AnswerMeter::head(const ResponseHead& head) {
  is_event_stream_ = head.is_event_stream;
  return out_.head(head);
}

awaitable<Flow> AnswerMeter::chunk(const Chunk& chunk) {
  if (!is_event_stream_ || chunk.data.empty()) return out_.chunk(chunk);
  if (chunk.text) {
    delivered_.add(*chunk.text);
  } else {
    delivered_.see(chunk.event, chunk.data);
  }
  if (!end_) return out_.chunk(chunk);
  end_->see(chunk.event, chunk.data);
  if (delivered_.at_most() <= booking_.granted_answer()) return out_.chunk(chunk);
  return deliver_or_end(chunk);
}

awaitable<Flow> AnswerMeter::deliver_or_end(Chunk chunk) {
  const std::int64_t tokens = delivered_.tokens();
  const std::int64_t wanted = tokens + (is_at_limit_ ? 0 : low_tokens);
  while (wanted > booking_.granted_answer()) {
    const std::int64_t more = co_await booking_.top_up(top_up_tokens);
    if (more > 0) continue;
    is_at_limit_ = true;
    if (tokens > booking_.granted_answer()) co_return co_await end_answer();
    break;
  }
  co_return co_await out_.chunk(chunk);
}

awaitable<Flow> AnswerMeter::end_answer() {
  has_ended_answer_ = true;
  booking_.end_at(booking_.granted_answer());
  Usage usage;
  usage.prompt_tokens = ex_.prompt_estimate;
  usage.completion_tokens = booking_.granted_answer();
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  const std::string text = end_->text(usage, ex_.facts && ex_.facts->include_usage);
  Chunk last;
  last.kind = Chunk::Kind::event;
  last.bytes = text;
  co_await out_.chunk(last);
  co_await out_.flush();
  co_return Flow::stop;
}

}  // namespace tollgate::filters
