#include "mock_azure/websocket.hpp"

#include <array>

#include <openssl/evp.h>

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::uint64_t most_bytes = 64 * 1024 * 1024;

bool lists(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (iequals(item, wanted)) return true;
    if (comma == list.npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

bool asks_for_websocket(const HttpRequest& request) {
  return lists(request.header("upgrade"), "websocket") && lists(request.header("connection"), "upgrade") &&
         request.header("sec-websocket-version") == "13" && !request.header("sec-websocket-key").empty();
}

std::string accept_websocket(const HttpRequest& request) {
  std::string text(request.header("sec-websocket-key"));
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::string lines = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ";
  lines += base64({reinterpret_cast<const char*>(digest.data()), size});
  lines += "\r\n";
  if (lists(request.header("sec-websocket-protocol"), "realtime")) lines += "sec-websocket-protocol: realtime\r\n";
  return lines;
}

std::optional<Message> FrameParser::next() {
  while (!is_bad_) {
    const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(buffer_[i]); };
    if (buffer_.size() < 2) return std::nullopt;
    std::size_t head = 2;
    std::uint64_t length = byte(1) & 0x7f;
    if (length > 125) {
      const std::size_t digits = length == 126 ? 2 : 8;
      if (buffer_.size() < head + digits) return std::nullopt;
      length = 0;
      for (std::size_t i = 0; i < digits; ++i) length = length << 8 | byte(head + i);
      head += digits;
    }
    const int op = byte(0) & 0x0f;
    const bool is_final = (byte(0) & 0x80) != 0;
    is_bad_ = (byte(1) & 0x80) == 0 || (byte(0) & 0x70) != 0 || length > most_bytes;
    if (is_bad_ || buffer_.size() < head + 4 + length) return std::nullopt;
    std::string payload = buffer_.substr(head + 4, length);
    for (std::size_t i = 0; i < payload.size(); ++i) {
      payload[i] = static_cast<char>(static_cast<unsigned char>(payload[i]) ^ byte(head + i % 4));
    }
    buffer_.erase(0, head + 4 + length);
    if (op >= opcode::close) {
      is_bad_ = !is_final || payload.size() > 125;
      return Message{op, std::move(payload)};
    }
    is_bad_ = (op == opcode::continuation) != in_message_;
    if (op != opcode::continuation) partial_ = Message{op, {}};
    partial_.payload += payload;
    in_message_ = !is_final;
    if (is_final && !is_bad_) return std::move(partial_);
  }
  return std::nullopt;
}

void append_frame(std::string& out, int op, std::string_view payload, bool is_final) {
  out += static_cast<char>((is_final ? 0x80 : 0) | op);
  const std::uint64_t length = payload.size();
  const int digits = length <= 125 ? 0 : length <= 0xffff ? 2 : 8;
  out += static_cast<char>(digits == 0 ? length : digits == 2 ? 126 : 127);
  for (int i = digits; i-- > 0;) out += static_cast<char>(length >> (8 * i) & 0xff);
  out += payload;
}

void append_close(std::string& out, int code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload += reason;
  append_frame(out, opcode::close, payload);
}

}  // namespace tollgate::mock
