// Follows a client's frames while they are passed on under their own masks: which of the bytes may go on,
// and what they said. Only the payload of a close frame is read.
//
// Pure. Not for use by two threads at once.
#pragma once

#include "http/websocket_frame.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::http {

class FrameFollower {
 public:
  explicit FrameFollower(std::uint64_t max_message) noexcept : frames_(Sender::client, max_message) {}

  // What may go on, in this order: the beginning of a head that came in earlier pieces, what of `in` belongs
  // to frames whose heads are whole and good, and a close frame when it is whole and good itself. Nothing
  // that follows a fault or a close frame. Valid until the next call and as long as `in`.
  struct Passed {
    std::string_view held;
    std::string_view bytes;
    std::string_view close;
    std::uint64_t frames = 0;  // that began
    bool has_message = false;  // one of them is not a control frame
    std::size_t size() const noexcept { return held.size() + bytes.size() + close.size(); }
  };
  Passed see(std::string_view in);

  FrameFault fault() const noexcept { return fault_; }
  bool has_closed() const noexcept { return has_closed_; }  // a whole close frame has passed
  int close_code() const noexcept { return close_code_; }   // its code, 1005 if it had none
  // What passed ends within a frame.
  bool is_inside_frame() const noexcept { return frames_.is_inside_payload() && frames_.frame().opcode != Opcode::close; }

 private:
  void read_close_frame(const FrameReader::Step& step);

  FrameReader frames_;
  std::string held_;
  std::string close_;  // a close frame as it came, as far as it has
  FrameFault fault_ = FrameFault::none;
  int close_code_ = 0;
  bool has_closed_ = false;
};

}  // namespace tollgate::http
