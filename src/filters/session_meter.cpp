#include "filters/session_meter.hpp"

#include "filters/limit_text.hpp"
#include "http/websocket_frame.hpp"
#include "openai/realtime_events.hpp"

#include <string>
#include <utility>

namespace tollgate::filters {

awaitable<Flow> SessionMeter::chunk(const Chunk& chunk) {
  if (chunk.event == "response.created") return begin_answer(chunk);
  if (chunk.event == "response.done") return finish_answer(chunk);
  return out_.chunk(chunk);
}

awaitable<Flow> SessionMeter::begin_answer(Chunk chunk) {
  std::unique_ptr<Booking> booking = books_.open(ex_);
  const limits::Need need = books_.need(ex_, next_prompt_);
  const limits::Refusal refusal = co_await booking->reserve(need);
  if (refusal.rule) co_return co_await end_session(refusal);
  co_await booking->make_durable();
  open_.push_back(std::move(booking));
  co_return co_await out_.chunk(chunk);
}

// The client gets the end of the answer that it has paid for, even if it was the last.
awaitable<Flow> SessionMeter::finish_answer(Chunk chunk) {
  std::unique_ptr<Booking> booking;
  if (open_.empty()) {
    booking = books_.open(ex_);
  } else {
    booking = std::move(open_.front());
    open_.erase(open_.begin());
  }
  Usage usage = openai::read_realtime_event(chunk.data).usage;
  usage.is_reported = true;  // an answer that failed tells none, and took none
  if (usage.total_tokens > 0) next_prompt_ = usage.prompt_tokens + usage.completion_tokens;
  booking->set_usage(usage);
  co_await booking->settle();
  const limits::Refusal spent = booking->spent_budget();
  const Flow flow = co_await out_.chunk(chunk);
  if (flow == Flow::stop || !spent.rule) co_return flow;
  co_return co_await end_session(spent);
}

// An error event in the dialect, and a close frame: the service of this budget is over (1008), or for now (1013).
awaitable<Flow> SessionMeter::end_session(limits::Refusal refusal) {
  const SpendRule& rule = *refusal.rule;
  refusal.numbers->refused.fetch_add(1, std::memory_order_relaxed);
  const Error error = refusal.is_unshared ? unshared_refusal(rule)
                                          : refusal_of(rule, refusal.used, refusal.wait_ms, std::chrono::system_clock::now());
  refused_with_ = error.kind;
  ex_.refused_by = rule.name;
  ex_.session.end = SessionEnd::spent;
  ex_.session.close_code = rule.is_budget ? http::close_code::policy : http::close_code::try_again_later;
  const http::Close close{ex_.session.close_code, code_of(error.kind)};
  std::string frames;
  http::append_frame(frames, http::Opcode::text, openai::realtime_error_event(error, ex_.id));
  Chunk chunk;
  chunk.kind = Chunk::Kind::frame;
  chunk.bytes = frames;
  if (co_await out_.chunk(chunk) == Flow::stop) co_return Flow::stop;
  frames.clear();
  http::append_frame(frames, http::Opcode::close, http::close_payload(close));
  chunk.bytes = frames;
  if (co_await out_.chunk(chunk) == Flow::go_on) co_await out_.flush();
  co_return Flow::stop;
}

}  // namespace tollgate::filters
