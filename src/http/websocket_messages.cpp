#include "http/websocket_messages.hpp"

#include "base/utf8.hpp"

#include <utility>

namespace tollgate::http {

void MessageReader::Held::begin(Opcode of) {
  bytes.assign(max_server_head, '\0');
  opcode = of;
}

// The head ends where the payload begins.
std::string_view MessageReader::Held::frame() {
  char head[max_server_head];
  const std::size_t size = write_frame_head(head, opcode, payload().size());
  bytes.replace(max_server_head - size, size, head, size);
  return std::string_view(bytes).substr(max_server_head - size);
}

MessageReader::Status MessageReader::tell(Held& held, Message& message) {
  told_ = &held;
  message.opcode = held.opcode;
  message.payload = held.payload();
  message.frame = held.frame();
  return check(message);
}

MessageReader::Status MessageReader::check(Message& message) {
  Close close;
  if (message.opcode == Opcode::text && !base::is_utf8(message.payload)) fault_ = FrameFault::not_text;
  if (message.opcode == Opcode::close) fault_ = read_close(message.payload, close);
  return fault_ == FrameFault::none ? Status::message : Status::fault;
}

MessageReader::Status MessageReader::next(std::string_view& in, Message& message) {
  // A stream that waits keeps nothing of what it has told.
  if (Held* told = std::exchange(told_, nullptr)) std::string().swap(told->bytes);
  while (fault_ == FrameFault::none) {
    const std::string_view before = in;
    const auto step = frames_.next(in);
    in.remove_prefix(step.consumed);
    const FrameHead& frame = frames_.frame();
    Held& held = is_control(frame.opcode) ? control_ : data_;
    switch (step.status) {
      case FrameReader::Status::need_more: return Status::need_more;
      case FrameReader::Status::fault: fault_ = frames_.fault(); break;
      case FrameReader::Status::head: {
        const bool is_here = step.consumed == frames_.head_bytes().size() && in.size() >= frame.length;
        if (frame.is_final && frame.opcode != Opcode::continuation && is_here) {
          if (!step.is_end) in.remove_prefix(frames_.next(in).consumed);
          message.opcode = frame.opcode;
          message.frame = before.substr(0, before.size() - in.size());
          message.payload = message.frame.substr(step.consumed);
          return check(message);
        }
        if (frame.opcode != Opcode::continuation) held.begin(frame.opcode);
        held.bytes.reserve(held.bytes.size() + frame.length);
        if (step.is_end && frame.is_final) return tell(held, message);
        break;
      }
      case FrameReader::Status::payload:
        held.bytes.append(step.payload);
        if (step.is_end && frame.is_final) return tell(held, message);
        break;
    }
  }
  return Status::fault;
}

}  // namespace tollgate::http
