// WebSocket frames (RFC 6455 section 5), read strictly wherever the bytes were cut, and written.
//
// No extension is ever agreed on, so reserved bits are a fault.
// Pure. Not for use by two threads at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::http {

enum class Opcode : unsigned char { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

constexpr bool is_control(Opcode opcode) noexcept { return (static_cast<unsigned>(opcode) & 8) != 0; }

// Codes of close frames (RFC 6455 section 7.4, and the registry it made).
namespace close_code {
inline constexpr int normal = 1000;
inline constexpr int going_away = 1001;
inline constexpr int protocol_error = 1002;
inline constexpr int none_given = 1005;  // never on the wire
inline constexpr int not_text = 1007;
inline constexpr int policy = 1008;
inline constexpr int too_large = 1009;
inline constexpr int internal_error = 1011;
inline constexpr int try_again_later = 1013;
}  // namespace close_code

enum class FrameFault : unsigned char {
  none,
  reserved_bits,
  unknown_opcode,
  control_too_long,
  control_fragmented,
  length_not_minimal,
  not_masked,   // a client's frame without a mask
  masked,       // a server's frame with one
  no_message_to_continue,
  message_not_finished,  // a new message inside a fragmented one
  message_too_large,
  not_text,   // a text message, or the reason of a close, that is not UTF-8
  bad_close,  // a code that is never sent, or half of one
};
int close_code_of(FrameFault fault) noexcept;
const char* text_of(FrameFault fault) noexcept;  // for people; "" for none

struct FrameHead {
  Opcode opcode = Opcode::text;
  bool is_final = true;
  bool is_masked = false;
  std::array<unsigned char, 4> mask{};
  std::uint64_t length = 0;  // of the payload
};

enum class Sender : unsigned char { client, server };  // clients mask their frames, servers do not

class FrameReader {
 public:
  // `max_message`: bytes of all fragments of a message together.
  FrameReader(Sender sender, std::uint64_t max_message) noexcept : max_message_(max_message), sender_(sender) {}

  enum class Status : unsigned char {
    need_more,  // all of `in` is used
    head,       // a frame begins: frame() and head_bytes()
    payload,    // a piece of its payload
    fault,      // fault() says which; nothing more can be read
  };
  struct Step {
    Status status = Status::need_more;
    std::size_t consumed = 0;  // of `in`
    std::string_view payload;  // masked as it came
    bool is_end = false;       // of the frame
  };
  Step next(std::string_view in) noexcept;

  const FrameHead& frame() const noexcept { return frame_; }
  std::string_view head_bytes() const noexcept { return {head_.data(), head_size_}; }  // as they came
  FrameFault fault() const noexcept { return fault_; }

  bool is_inside_payload() const noexcept { return left_ > 0; }
  bool is_inside_message() const noexcept { return is_inside_message_; }

 private:
  Step fail(FrameFault fault, std::size_t consumed) noexcept;
  std::size_t wanted_head() const noexcept;
  FrameFault read_head() noexcept;

  std::uint64_t max_message_;
  std::uint64_t message_bytes_ = 0;  // of the message being read, this frame included
  std::uint64_t left_ = 0;           // of the payload
  FrameHead frame_;
  std::array<char, 14> head_{};
  std::size_t head_size_ = 0;
  Sender sender_;
  FrameFault fault_ = FrameFault::none;
  bool has_head_ = false;  // the head is whole; its payload is being read, or has been
  bool is_inside_message_ = false;
};

// Takes a mask off, or puts it on. `offset`: of `bytes` in the payload.
void apply_mask(char* bytes, std::size_t size, const std::array<unsigned char, 4>& mask, std::uint64_t offset = 0) noexcept;

// What a close frame says. Without a code: 1005 and no reason.
struct Close {
  int code = close_code::none_given;
  std::string_view reason;
};
// `payload` is unmasked.
FrameFault read_close(std::string_view payload, Close& close) noexcept;

inline constexpr std::size_t max_control_payload = 125;
inline constexpr std::size_t max_server_head = 10;

// The head of an unfragmented frame without mask; returns its length. REQUIRES: room for max_server_head.
std::size_t write_frame_head(char* into, Opcode opcode, std::uint64_t length) noexcept;

// Whole frames. Reasons are cut to what a close frame can hold.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload,
                         const std::array<unsigned char, 4>& mask);
std::string close_payload(const Close& close);  // "" for 1005

}  // namespace tollgate::http
