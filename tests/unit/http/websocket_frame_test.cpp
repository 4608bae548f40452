#include "http/websocket_frame.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::http::websocket_frame_test {
namespace {

using namespace std::string_view_literals;
using Status = FrameReader::Status;

struct Read {
  std::vector<std::string> payloads;  // of whole frames
  std::vector<Opcode> opcodes;
  FrameFault fault = FrameFault::none;
  bool operator==(const Read&) const = default;
};

// Feeds the text in pieces of `step` bytes.
Read read(FrameReader reader, std::string_view text, std::size_t step) {
  Read result;
  std::string payload;
  while (!text.empty()) {
    std::string_view in = text.substr(0, step);
    text.remove_prefix(in.size());
    while (!in.empty()) {
      const auto found = reader.next(in);
      in.remove_prefix(found.consumed);
      if (found.status == Status::fault) {
        result.fault = reader.fault();
        return result;
      }
      if (found.status == Status::need_more) {
        EXPECT_TRUE(in.empty());
        break;
      }
      payload += found.payload;
      if (!found.is_end) continue;
      result.opcodes.push_back(reader.frame().opcode);
      result.payloads.push_back(std::move(payload));
      payload.clear();
    }
  }
  return result;
}

// However it is cut, it reads the same.
Read read(Sender sender, std::string_view text, std::uint64_t max_message = 1 << 20) {
  const Read whole = read(FrameReader(sender, max_message), text, text.size() + 1);
  for (const std::size_t step : {1, 2, 3, 7, 13}) EXPECT_EQ(read(FrameReader(sender, max_message), text, step), whole);
  return whole;
}

FrameFault fault_of(Sender sender, std::string_view text, std::uint64_t max_message = 1 << 20) {
  return read(sender, text, max_message).fault;
}

std::string client_frame(Opcode opcode, std::string_view payload) {
  std::string out;
  append_masked_frame(out, opcode, payload, {0x37, 0xfa, 0x21, 0x3d});
  return out;
}

std::string server_frame(Opcode opcode, std::string_view payload) {
  std::string out;
  append_frame(out, opcode, payload);
  return out;
}

TEST(FrameReader, ReadsTheExamplesOfTheStandard) {  // RFC 6455 section 5.7
  EXPECT_EQ(read(Sender::server, "\x81\x05\x48\x65\x6c\x6c\x6f").payloads, std::vector<std::string>{"Hello"});
  const auto masked = read(Sender::client, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv);
  ASSERT_EQ(masked.payloads.size(), 1u);
  std::string text = masked.payloads[0];
  apply_mask(text.data(), text.size(), {0x37, 0xfa, 0x21, 0x3d});
  EXPECT_EQ(text, "Hello");
  EXPECT_EQ(client_frame(Opcode::text, "Hello"), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  const auto fragmented = read(Sender::server, "\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f"sv);
  EXPECT_EQ(fragmented.payloads, (std::vector<std::string>{"Hel", "lo"}));
  EXPECT_EQ(fragmented.opcodes, (std::vector<Opcode>{Opcode::text, Opcode::continuation}));
}

TEST(FrameReader, ReadsEveryFormOfLength) {
  for (const std::size_t size : {0, 1, 125, 126, 127, 65535, 65536, 70000}) {
    const std::string payload(size, 'x');
    EXPECT_EQ(read(Sender::server, server_frame(Opcode::binary, payload)).payloads, std::vector<std::string>{payload});
    EXPECT_EQ(read(Sender::client, client_frame(Opcode::binary, payload)).payloads.front().size(), size);
  }
}

TEST(FrameReader, LetsControlFramesThroughBetweenFragments) {
  const std::string text = "\x01\x01"
                           "a"
                           "\x89\x01"
                           "p"
                           "\x80\x01"
                           "b";
  const auto found = read(Sender::server, text);
  EXPECT_EQ(found.fault, FrameFault::none);
  EXPECT_EQ(found.opcodes, (std::vector<Opcode>{Opcode::text, Opcode::ping, Opcode::continuation}));
}

TEST(FrameReader, RefusesWhatBreaksTheProtocol) {
  EXPECT_EQ(fault_of(Sender::server, "\xc1\x00"sv), FrameFault::reserved_bits);
  EXPECT_EQ(fault_of(Sender::server, "\x83\x00"sv), FrameFault::unknown_opcode);
  EXPECT_EQ(fault_of(Sender::server, "\x8b\x00"sv), FrameFault::unknown_opcode);
  EXPECT_EQ(fault_of(Sender::server, "\x09\x00"sv), FrameFault::control_fragmented);
  EXPECT_EQ(fault_of(Sender::server, "\x89\x7e\x00\x7e"sv), FrameFault::control_too_long);
  EXPECT_EQ(fault_of(Sender::server, "\x81\x7e\x00\x7d"sv), FrameFault::length_not_minimal);
  EXPECT_EQ(fault_of(Sender::server, "\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff"sv), FrameFault::length_not_minimal);
  EXPECT_EQ(fault_of(Sender::server, "\x81\x80zzzz"), FrameFault::masked);
  EXPECT_EQ(fault_of(Sender::client, "\x81\x00"sv), FrameFault::not_masked);
  EXPECT_EQ(fault_of(Sender::server, "\x80\x00"sv), FrameFault::no_message_to_continue);
  EXPECT_EQ(fault_of(Sender::server, "\x01\x00\x81\x00"sv), FrameFault::message_not_finished);
}

TEST(FrameReader, BoundsAMessageWithAllItsFragments) {
  EXPECT_EQ(fault_of(Sender::server, server_frame(Opcode::text, "12345"), 5), FrameFault::none);
  EXPECT_EQ(fault_of(Sender::server, server_frame(Opcode::text, "123456"), 5), FrameFault::message_too_large);
  EXPECT_EQ(fault_of(Sender::server, "\x01\x03\x31\x32\x33\x80\x02\x34\x35"sv, 5), FrameFault::none);
  EXPECT_EQ(fault_of(Sender::server, "\x01\x03\x31\x32\x33\x80\x03"sv, 5), FrameFault::message_too_large);
  EXPECT_EQ(fault_of(Sender::server, "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"sv), FrameFault::message_too_large);
  // The next message begins anew, and control frames do not count.
  EXPECT_EQ(fault_of(Sender::server, "\x81\x03\x31\x32\x33\x81\x05\x31\x32\x33\x34\x35"sv, 5), FrameFault::none);
  EXPECT_EQ(fault_of(Sender::server, server_frame(Opcode::ping, "123456"), 5), FrameFault::none);
}

TEST(FrameReader, ReadsNothingAfterAFault) {
  FrameReader reader(Sender::server, 100);
  EXPECT_EQ(reader.next("\xc1\x00"sv).status, Status::fault);
  EXPECT_EQ(reader.next("\x81\x00"sv).status, Status::fault);
}

TEST(FrameReader, KeepsTheBytesOfAHead) {
  const std::string frame = client_frame(Opcode::text, std::string(300, 'x'));
  FrameReader reader(Sender::client, 1000);
  EXPECT_EQ(reader.next(frame.substr(0, 3)).status, Status::need_more);
  EXPECT_EQ(reader.next(frame.substr(3, 5)).status, Status::head);
  EXPECT_EQ(reader.head_bytes(), frame.substr(0, 8));
  EXPECT_TRUE(reader.is_inside_payload());
}

TEST(Close, IsReadAndWritten) {
  Close close;
  EXPECT_EQ(read_close("", close), FrameFault::none);
  EXPECT_EQ(close.code, close_code::none_given);
  const std::string payload = close_payload({1000, "bye"});  // the reason points into it
  EXPECT_EQ(read_close(payload, close), FrameFault::none);
  EXPECT_EQ(close.code, 1000);
  EXPECT_EQ(close.reason, "bye");
  EXPECT_EQ(close_payload({close_code::none_given, "x"}), "");
}

TEST(Close, HasACodeThatMayBeSent) {
  for (const int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999}) {
    Close close;
    EXPECT_EQ(read_close(close_payload({code, ""}), close), FrameFault::none) << code;
  }
  for (const int code : {0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535}) {
    Close close;
    std::string payload = close_payload({1000, ""});
    payload[0] = static_cast<char>(code >> 8);
    payload[1] = static_cast<char>(code & 0xff);
    EXPECT_EQ(read_close(payload, close), FrameFault::bad_close) << code;
  }
  Close close;
  EXPECT_EQ(read_close("\x03", close), FrameFault::bad_close);
  EXPECT_EQ(read_close("\x03\xe8\xff", close), FrameFault::not_text);
}

TEST(Close, CutsALongReasonBetweenCharacters) {
  std::string reason;
  for (int i = 0; i < 50; ++i) reason += "\u20ac";
  const std::string payload = close_payload({1001, reason});
  EXPECT_EQ(payload.size(), 2u + 3u * 41u);
  Close close;
  EXPECT_EQ(read_close(payload, close), FrameFault::none);
}

}  // namespace
}  // namespace tollgate::http::websocket_frame_test
