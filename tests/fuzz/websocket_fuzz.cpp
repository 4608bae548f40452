// WebSocket frames: what is read does not depend on the cuts and is what a plain reading of RFC 6455 finds;
// relayed frames say the same again. The first two bytes choose the sender and where to cut.
#include "http/websocket_follower.hpp"
#include "http/websocket_messages.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace tollgate::http;

constexpr std::uint64_t most = 2000;

void check(bool is_true) {
  if (!is_true) std::abort();
}

struct Message {
  Opcode opcode;
  std::string payload;
  bool operator==(const Message&) const = default;
};

struct Read {
  std::vector<Message> messages;
  FrameFault fault = FrameFault::none;
  bool operator==(const Read&) const = default;
};

Read read(std::string_view text, std::size_t first, std::size_t step) {
  MessageReader reader(most);
  Read result;
  for (std::size_t size = first; !text.empty(); size = step) {
    const std::string piece(text.substr(0, size));  // freed before the next: finds stale views
    text.remove_prefix(piece.size());
    std::string_view in = piece;
    MessageReader::Message message;
    MessageReader::Status status;
    while ((status = reader.next(in, message)) == MessageReader::Status::message) {
      check(message.frame.ends_with(message.payload));
      MessageReader again(most);
      MessageReader::Message same;
      std::string_view frame = message.frame;
      check(again.next(frame, same) == MessageReader::Status::message && frame.empty());
      check(same.opcode == message.opcode && same.payload == message.payload);
      result.messages.push_back({message.opcode, std::string(message.payload)});
    }
    if (status == MessageReader::Status::fault) {
      result.fault = reader.fault();
      return result;
    }
    check(in.empty());
  }
  return result;
}

// The standard's own words, on the whole text at once. Which fault is found first is not its affair.
Read read_plainly(std::string_view text, bool& is_faulty) {
  Read result;
  std::optional<Message> partial;
  is_faulty = false;
  while (text.size() >= 2) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned op = byte(0) & 15;
    const bool is_final = byte(0) & 128;
    std::uint64_t length = byte(1) & 127;
    std::size_t head = 2;
    if (length > 125) {
      head += length == 126 ? 2 : 8;
      if (byte(1) & 128) head += 4;
      if (text.size() < head) return result;
      const std::size_t digits = length == 126 ? 2 : 8;
      length = 0;
      for (std::size_t i = 0; i < digits; ++i) length = length << 8 | byte(2 + i);
      is_faulty = length < 126 || (digits == 8 && length < 65536);
    } else if (byte(1) & 128) {
      head += 4;
      if (text.size() < head) return result;
    }
    const bool is_known = op <= 2 || (op >= 8 && op <= 10);
    is_faulty = is_faulty || !is_known || (byte(0) & 0x70) || (byte(1) & 128);
    if (op >= 8) is_faulty = is_faulty || !is_final || length > 125;
    else is_faulty = is_faulty || (op == 0) != partial.has_value() || length > most - (partial ? partial->payload.size() : 0);
    if (is_faulty) return result;
    if (text.size() - head < length) return result;
    const auto payload = text.substr(head, length);
    text.remove_prefix(head + length);
    if (op == 8) {
      const auto code = payload.size() < 2 ? 0 : static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
      const bool is_code = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
      is_faulty = !payload.empty() && (!is_code || !tollgate::base::is_utf8(payload.substr(2)));
      if (is_faulty) return result;
    }
    if (op >= 8) {
      result.messages.push_back({static_cast<Opcode>(op), std::string(payload)});
      continue;
    }
    if (op != 0) partial = Message{static_cast<Opcode>(op), ""};
    partial->payload += payload;
    if (!is_final) continue;
    is_faulty = partial->opcode == Opcode::text && !tollgate::base::is_utf8(partial->payload);
    if (is_faulty) return result;
    result.messages.push_back(std::move(*partial));
    partial.reset();
  }
  return result;
}

// A client's frames pass on byte for byte, up to a fault or a close frame, however they are cut.
std::string relay(std::string_view text, std::size_t step, FrameFault& fault) {
  FrameFollower follower(most);
  std::string relayed;
  while (!text.empty()) {
    const std::string piece(text.substr(0, step));
    text.remove_prefix(piece.size());
    const auto passed = follower.see(piece);
    relayed.append(passed.held).append(passed.bytes).append(passed.close);
  }
  fault = follower.fault();
  return relayed;
}

void check_relay(std::string_view text, std::size_t step) {
  FrameFault fault = FrameFault::none, other = FrameFault::none;
  const std::string whole = relay(text, text.size() + 1, fault);
  const std::string cut = relay(text, step, other);
  check(text.starts_with(whole) && whole == cut && fault == other);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (data[0] & 1) {
    check_relay(text, 1 + data[1] % 29);
    return 0;
  }
  const auto whole = read(text, text.size(), 1);
  check(read(text, 1, 1) == whole);
  check(read(text, 1 + data[0] % 31, 1 + data[1] % 37) == whole);
  bool is_faulty = false;
  const auto plain = read_plainly(text, is_faulty);
  check(is_faulty == (whole.fault != FrameFault::none));
  check(plain.messages == whole.messages);
  return 0;
}
