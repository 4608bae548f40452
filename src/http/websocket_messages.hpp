// Whole messages out of a server's frames: what came in one piece is told where it lies, fragments and
// frames that were cut are put together. Control frames come through in between.
//
// Pure. Not for use by two threads at once.
#pragma once

#include "http/websocket_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::http {

class MessageReader {
 public:
  explicit MessageReader(std::uint64_t max_message) noexcept : frames_(Sender::server, max_message) {}

  enum class Status : unsigned char { need_more, message, fault };
  struct Message {
    Opcode opcode = Opcode::text;
    std::string_view payload;
    std::string_view frame;  // one frame that says it: the bytes as they came, or its like
  };
  // Takes what belongs to the message off `in`. Views are valid until the next call and as long as `in`.
  Status next(std::string_view& in, Message& message);

  FrameFault fault() const noexcept { return fault_; }
  bool is_inside_message() const noexcept { return frames_.is_inside_message() || frames_.is_inside_payload(); }

 private:
  // Bytes that wait for the rest of their message, with room for a head in front.
  struct Held {
    std::string bytes;
    Opcode opcode = Opcode::text;
    void begin(Opcode of);
    std::string_view payload() const noexcept { return std::string_view(bytes).substr(max_server_head); }
    std::string_view frame();  // writes the head
  };
  Status tell(Held& held, Message& message);
  Status check(Message& message);

  FrameReader frames_;
  Held data_;
  Held control_;
  Held* told_ = nullptr;  // whose bytes the last message was
  FrameFault fault_ = FrameFault::none;
};

}  // namespace tollgate::http
