#include "http/websocket_frame.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cstring>

namespace tollgate::http {

namespace {

bool is_known(unsigned opcode) noexcept { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

std::uint64_t read_number(const char* at, std::size_t bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

void write_number(char* into, std::size_t bytes, std::uint64_t value) noexcept {
  for (std::size_t i = bytes; i-- > 0; value >>= 8) into[i] = static_cast<char>(value & 0xff);
}

// Codes that may stand on the wire: defined ones, and those left to libraries and applications.
bool is_sendable(int code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

int close_code_of(FrameFault fault) noexcept {
  if (fault == FrameFault::message_too_large) return close_code::too_large;
  if (fault == FrameFault::not_text) return close_code::not_text;
  return close_code::protocol_error;
}

const char* text_of(FrameFault fault) noexcept {
  switch (fault) {
    case FrameFault::none: return "";
    case FrameFault::reserved_bits: return "a reserved bit is set";
    case FrameFault::unknown_opcode: return "unknown opcode";
    case FrameFault::control_too_long: return "a control frame is too long";
    case FrameFault::control_fragmented: return "a control frame is fragmented";
    case FrameFault::length_not_minimal: return "a length is not written in its shortest form";
    case FrameFault::not_masked: return "a frame is not masked";
    case FrameFault::masked: return "a frame is masked";
    case FrameFault::no_message_to_continue: return "there is no message to continue";
    case FrameFault::message_not_finished: return "a message begins inside another";
    case FrameFault::message_too_large: return "the message is too large";
    case FrameFault::not_text: return "the text is not UTF-8";
    case FrameFault::bad_close: return "the close frame is not valid";
  }
  return "";
}

FrameReader::Step FrameReader::fail(FrameFault fault, std::size_t consumed) noexcept {
  fault_ = fault;
  return {Status::fault, consumed, {}, false};
}

// How long the head is, as far as its bytes so far tell.
std::size_t FrameReader::wanted_head() const noexcept {
  if (head_size_ < 2) return 2;
  const auto second = static_cast<unsigned char>(head_[1]);
  const std::size_t length = second & 0x7f;
  return 2 + (length == 126 ? 2u : length == 127 ? 8u : 0u) + ((second & 0x80) != 0 ? 4u : 0u);
}

FrameFault FrameReader::read_head() noexcept {
  const auto first = static_cast<unsigned char>(head_[0]);
  const auto second = static_cast<unsigned char>(head_[1]);
  if ((first & 0x70) != 0) return FrameFault::reserved_bits;
  if (!is_known(first & 0x0f)) return FrameFault::unknown_opcode;
  frame_.opcode = static_cast<Opcode>(first & 0x0f);
  frame_.is_final = (first & 0x80) != 0;
  frame_.is_masked = (second & 0x80) != 0;
  frame_.length = second & 0x7f;
  std::size_t at = 2;
  if (frame_.length == 126) {
    frame_.length = read_number(head_.data() + at, 2);
    if (frame_.length < 126) return FrameFault::length_not_minimal;
    at += 2;
  } else if (frame_.length == 127) {
    frame_.length = read_number(head_.data() + at, 8);
    if (frame_.length <= 0xffff) return FrameFault::length_not_minimal;
    at += 8;
  }
  if (frame_.is_masked != (sender_ == Sender::client)) {
    return frame_.is_masked ? FrameFault::masked : FrameFault::not_masked;
  }
  if (frame_.is_masked) std::memcpy(frame_.mask.data(), head_.data() + at, frame_.mask.size());
  if (is_control(frame_.opcode)) {
    if (!frame_.is_final) return FrameFault::control_fragmented;
    return frame_.length > max_control_payload ? FrameFault::control_too_long : FrameFault::none;
  }
  if (frame_.opcode == Opcode::continuation) {
    if (!is_inside_message_) return FrameFault::no_message_to_continue;
  } else {
    if (is_inside_message_) return FrameFault::message_not_finished;
    message_bytes_ = 0;
  }
  if (frame_.length > max_message_ - message_bytes_) return FrameFault::message_too_large;
  message_bytes_ += frame_.length;
  is_inside_message_ = !frame_.is_final;
  return FrameFault::none;
}

FrameReader::Step FrameReader::next(std::string_view in) noexcept {
  if (fault_ != FrameFault::none) return {Status::fault, 0, {}, false};
  if (in.empty()) return {};
  if (left_ > 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
    left_ -= size;
    return {Status::payload, size, in.substr(0, size), left_ == 0};
  }
  if (has_head_) {
    has_head_ = false;
    head_size_ = 0;
  }
  std::size_t consumed = 0;
  for (std::size_t wanted = wanted_head(); head_size_ < wanted; wanted = wanted_head()) {
    const std::size_t size = std::min(wanted - head_size_, in.size() - consumed);
    if (size == 0) return {Status::need_more, consumed, {}, false};
    std::memcpy(head_.data() + head_size_, in.data() + consumed, size);
    head_size_ += size;
    consumed += size;
  }
  if (const FrameFault fault = read_head(); fault != FrameFault::none) return fail(fault, consumed);
  has_head_ = true;
  left_ = frame_.length;
  return {Status::head, consumed, {}, left_ == 0};
}

void apply_mask(char* bytes, std::size_t size, const std::array<unsigned char, 4>& mask, std::uint64_t offset) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ mask[(offset + i) & 3]);
  }
}

FrameFault read_close(std::string_view payload, Close& close) noexcept {
  close = Close();
  if (payload.empty()) return FrameFault::none;
  if (payload.size() == 1) return FrameFault::bad_close;
  const auto code = static_cast<int>(read_number(payload.data(), 2));
  if (!is_sendable(code)) return FrameFault::bad_close;
  if (!base::is_utf8(payload.substr(2))) return FrameFault::not_text;
  close.code = code;
  close.reason = payload.substr(2);
  return FrameFault::none;
}

std::size_t write_frame_head(char* into, Opcode opcode, std::uint64_t length) noexcept {
  into[0] = static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  if (length <= max_control_payload) {
    into[1] = static_cast<char>(length);
    return 2;
  }
  if (length <= 0xffff) {
    into[1] = 126;
    write_number(into + 2, 2, length);
    return 4;
  }
  into[1] = 127;
  write_number(into + 2, 8, length);
  return 10;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  char head[max_server_head];
  out.append(head, write_frame_head(head, opcode, payload.size()));
  out.append(payload);
}

void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload,
                         const std::array<unsigned char, 4>& mask) {
  char head[max_server_head];
  const std::size_t size = write_frame_head(head, opcode, payload.size());
  head[1] = static_cast<char>(static_cast<unsigned char>(head[1]) | 0x80);
  out.append(head, size);
  out.append(reinterpret_cast<const char*>(mask.data()), mask.size());
  const std::size_t at = out.size();
  out.append(payload);
  apply_mask(out.data() + at, payload.size(), mask);
}

std::string close_payload(const Close& close) {
  std::string payload;
  if (close.code == close_code::none_given) return payload;
  payload.resize(2);
  write_number(payload.data(), 2, static_cast<std::uint64_t>(close.code));
  std::string_view reason = close.reason;
  while (!reason.empty()) {
    const std::size_t length = base::utf8_sequence_length(reason);
    if (length == 0 || payload.size() + length > max_control_payload) break;
    payload.append(reason.substr(0, length));
    reason.remove_prefix(length);
  }
  return payload;
}

}  // namespace tollgate::http
