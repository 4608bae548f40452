// Where a message body ends, and which of the bytes in between are payload.
#pragma once

#include "http/head.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tollgate::http {

// Takes the bytes after a head and hands out the payload as views into them; nothing is copied and
// nothing allocated. The input may be cut anywhere, also inside a chunk's size line.
// Chunked coding is read strictly (RFC 9112 section 7.1): CRLF only, sizes without sign or space.
class BodyDecoder {
 public:
  enum class Status : unsigned char {
    need_more,  // all of the input was taken (consumed == in.size()), the body goes on
    data,       // `data` is payload, never empty; call again
    end,        // the body is over; bytes after `consumed` belong to the next message
    error,      // malformed; the connection cannot be used any more
  };
  struct Step {
    Status status = Status::need_more;
    std::string_view data;
    std::size_t consumed = 0;
  };

  static constexpr std::size_t max_extension_bytes = 4096;  // of all chunks together
  static constexpr std::size_t max_trailer_bytes = 8192;
  static constexpr std::uint64_t max_chunk_bytes = std::uint64_t{1} << 62;

  BodyDecoder() noexcept : BodyDecoder(Framing{}) {}
  explicit BodyDecoder(Framing framing) noexcept;

  // Takes from the front of `in` and returns the next contiguous piece of payload. Drop `consumed`
  // bytes and call again until need_more, end or error.
  Step next(std::string_view in) noexcept;

  // True once every byte of the body has been taken.
  bool is_done() const noexcept { return state_ == State::done; }

  // The peer has finished sending: true when the body is complete, false when it was cut.
  bool finish_at_eof() noexcept;

 private:
  enum class State : unsigned char {
    length,
    until_close,
    size_first,  // before the first digit of a chunk size
    size_digits,
    size_space,  // white space that only an extension may follow
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_first,  // before the first byte of a trailer line or of the last CRLF
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
    failed,
  };

  Step next_of_chunks(std::string_view in) noexcept;
  bool take_size_line(std::string_view in, std::size_t& at) noexcept;
  bool take_framing_byte(unsigned char c) noexcept;

  std::uint64_t remaining_ = 0;  // payload left of the body or chunk; the size while it is read
  std::uint16_t extension_bytes_ = 0;
  std::uint16_t trailer_bytes_ = 0;
  std::uint8_t digits_ = 0;
  State state_ = State::done;
};

}  // namespace tollgate::http
