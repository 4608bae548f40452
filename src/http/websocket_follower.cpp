#include "http/websocket_follower.hpp"

namespace tollgate::http {

FrameFollower::Passed FrameFollower::see(std::string_view in) {
  Passed passed;
  const bool was_closed = has_closed_;
  held_.clear();
  std::size_t used = 0, good = 0;
  while (used < in.size() && !has_closed_ && fault_ == FrameFault::none) {
    const auto step = frames_.next(in.substr(used));
    used += step.consumed;
    if (step.status == FrameReader::Status::need_more) break;
    if (step.status == FrameReader::Status::fault) {
      fault_ = frames_.fault();
      break;
    }
    const bool is_close = frames_.frame().opcode == Opcode::close;
    if (step.status == FrameReader::Status::head) {
      const auto head = frames_.head_bytes();
      if (!is_close && head.size() > step.consumed) held_ = head.substr(0, head.size() - step.consumed);
      ++passed.frames;
      passed.has_message = passed.has_message || !is_control(frames_.frame().opcode);
    }
    if (is_close) read_close_frame(step);
    else good = used;
  }
  passed.held = held_;
  passed.bytes = in.substr(0, good);
  if (has_closed_ && !was_closed) passed.close = close_;
  return passed;
}

void FrameFollower::read_close_frame(const FrameReader::Step& step) {
  if (step.status == FrameReader::Status::head) close_ = frames_.head_bytes();
  close_ += step.payload;
  if (!step.is_end) return;
  std::string payload = close_.substr(frames_.head_bytes().size());
  apply_mask(payload.data(), payload.size(), frames_.frame().mask);
  Close close;
  fault_ = read_close(payload, close);
  has_closed_ = fault_ == FrameFault::none;
  close_code_ = close.code;
}

}  // namespace tollgate::http
