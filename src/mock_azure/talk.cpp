#include "mock_azure/talk.hpp"

#include <algorithm>

#include "mock_azure/reply_writer.hpp"

namespace tollgate::mock {
namespace {

constexpr std::int64_t default_fault_after = 3;
constexpr std::int64_t default_huge_kib = 1024;
constexpr int default_close_code = 1011;

}  // namespace

Talk::Talk(std::unique_ptr<Conversation> conversation) : conversation_(std::move(conversation)) {}

void Talk::hear(std::string_view bytes) {
  parser_.append(bytes);
  while (!has_ended_) {
    const auto message = parser_.next();
    if (!message) break;
    if (message->opcode >= opcode::close) answer_control(*message);
    else conversation_->hear(message->payload);
  }
  if (!parser_.is_bad() || has_ended_) return;
  append_close(control_, 1002, "protocol error");
  has_ended_ = true;
}

void Talk::answer_control(const Message& message) {
  if (message.opcode == opcode::ping) append_frame(control_, opcode::pong, message.payload);
  if (message.opcode != opcode::close) return;
  append_frame(control_, opcode::close, message.payload.substr(0, 2));
  has_ended_ = true;
}

Talk::Next Talk::speak(TimePoint now, std::string& out) {
  if (!control_.empty()) {
    out += control_;
    control_.clear();
    return {Turn::said, {}};
  }
  if (has_ended_) return {Turn::ended, {}};
  Next next;
  if (fault_is_due(next, out)) return next;
  if (!has_event_) {
    event_ = {};
    if (!conversation_->next(event_)) return {Turn::silent, {}};
    has_event_ = true;
    const Pace pace = conversation_->pace();
    if (event_.paced) due_ = was_paced_ ? std::max(due_ + pace.gap, now) : now + pace.first_delay;
    was_paced_ = event_.paced;
  }
  if (event_.paced && now < due_) return {Turn::waits, due_};
  append_event(out);
  has_event_ = false;
  ++events_;
  if (event_.paced) ++tokens_;
  return {Turn::said, {}};
}

bool Talk::fault_is_due(Next& next, std::string& out) {
  const Fault fault = conversation_->fault();
  if (events_ < fault.after.value_or(default_fault_after)) return false;
  switch (fault.kind) {
    case FaultKind::cut: next.turn = Turn::cut; return true;
    case FaultKind::reset: next.turn = Turn::reset; return true;
    case FaultKind::stall: next.turn = Turn::stalled; return true;
    case FaultKind::close:
      append_close(out, fault.code == 0 ? default_close_code : fault.code, "as the fault asks");
      next.turn = Turn::said;
      has_ended_ = true;
      return true;
    default: return false;
  }
}

void Talk::append_event(std::string& out) {
  const Fault fault = conversation_->fault();
  if (fault.kind == FaultKind::badjson && events_ == fault.after.value_or(1)) event_.data.resize(event_.data.size() / 2);
  if (fault.kind == FaultKind::huge && events_ == 1) pad_json(event_.data, fault.after.value_or(default_huge_kib));
  if (fault.kind == FaultKind::pings) append_frame(out, opcode::ping, std::to_string(events_));
  if (fault.kind != FaultKind::fragments) return append_frame(out, opcode::text, event_.data);
  const std::string_view data = event_.data;
  const std::size_t half = data.size() / 2;
  append_frame(out, opcode::text, data.substr(0, half), false);
  append_frame(out, opcode::ping, "between");
  append_frame(out, opcode::continuation, "", false);
  append_frame(out, opcode::continuation, data.substr(half));
}

}  // namespace tollgate::mock
