#include "http/websocket_messages.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::http::websocket_messages_test {
namespace {

using namespace std::string_view_literals;
using Status = MessageReader::Status;

struct Told {
  Opcode opcode;
  std::string payload;
  std::string frame;
  bool operator==(const Told&) const = default;
};

struct Read {
  std::vector<Told> messages;
  FrameFault fault = FrameFault::none;
  bool operator==(const Read&) const = default;
};

Read read(std::string_view text, std::size_t step, std::uint64_t max_message) {
  MessageReader reader(max_message);
  Read result;
  while (!text.empty()) {
    const std::string piece(text.substr(0, step));  // freed before the next: finds stale views
    text.remove_prefix(piece.size());
    std::string_view in = piece;
    MessageReader::Message message;
    Status status;
    while ((status = reader.next(in, message)) == Status::message) {
      result.messages.push_back({message.opcode, std::string(message.payload), std::string(message.frame)});
    }
    if (status == Status::fault) {
      result.fault = reader.fault();
      break;
    }
    EXPECT_TRUE(in.empty());
  }
  return result;
}

Read read(std::string_view text, std::uint64_t max_message = 1 << 20) {
  const Read whole = read(text, text.size() + 1, max_message);
  for (const std::size_t step : {1, 2, 3, 5, 11}) EXPECT_EQ(read(text, step, max_message), whole);
  return whole;
}

std::string frame(Opcode opcode, std::string_view payload) {
  std::string out;
  append_frame(out, opcode, payload);
  return out;
}

Told whole(Opcode opcode, std::string payload) { return {opcode, payload, frame(opcode, payload)}; }

TEST(MessageReader, TellsWholeMessagesAsTheyCame) {
  const std::string text = frame(Opcode::text, "one") + frame(Opcode::binary, std::string(300, '\xff')) + frame(Opcode::text, "");
  const std::vector<Told> expected{whole(Opcode::text, "one"), whole(Opcode::binary, std::string(300, '\xff')),
                                   whole(Opcode::text, "")};
  EXPECT_EQ(read(text).messages, expected);
}

TEST(MessageReader, DoesNotCopyWhatIsWhole) {
  const std::string text = frame(Opcode::text, "one");
  MessageReader reader(100);
  MessageReader::Message message;
  std::string_view in = text;
  ASSERT_EQ(reader.next(in, message), Status::message);
  EXPECT_EQ(message.frame.data(), text.data());
  EXPECT_EQ(message.payload.data(), text.data() + 2);
}

TEST(MessageReader, JoinsFragmentsAndTellsControlFramesInBetween) {
  const std::string text = "\x01\x03one" + frame(Opcode::ping, "p") + std::string("\x00\x04 and", 6) + frame(Opcode::pong, "") +
                           std::string("\x80\x04 two", 6) + frame(Opcode::text, "next");
  const std::vector<Told> expected{whole(Opcode::ping, "p"), whole(Opcode::pong, ""), whole(Opcode::text, "one and two"),
                                   whole(Opcode::text, "next")};
  EXPECT_EQ(read(text).messages, expected);
}

TEST(MessageReader, KnowsWhetherAMessageIsUnderWay) {
  MessageReader reader(100);
  MessageReader::Message message;
  EXPECT_FALSE(reader.is_inside_message());
  std::string_view in = "\x81\x03o";
  EXPECT_EQ(reader.next(in, message), Status::need_more);
  EXPECT_TRUE(reader.is_inside_message());
  in = "ne";
  EXPECT_EQ(reader.next(in, message), Status::message);
  EXPECT_FALSE(reader.is_inside_message());
}

TEST(MessageReader, WantsTextToBeUtf8) {
  EXPECT_EQ(read(frame(Opcode::text, "caf\xc3\xa9")).fault, FrameFault::none);
  EXPECT_EQ(read(frame(Opcode::text, "caf\xc3")).fault, FrameFault::not_text);
  EXPECT_EQ(read(frame(Opcode::text, "\xed\xa0\x80")).fault, FrameFault::not_text);
  EXPECT_EQ(read(frame(Opcode::binary, "caf\xc3")).fault, FrameFault::none);
  // A character may be cut by fragments.
  EXPECT_EQ(read("\x01\x01\xc3\x80\x01\xa9"sv).messages, std::vector<Told>{whole(Opcode::text, "\xc3\xa9")});
}

TEST(MessageReader, ChecksCloseFrames) {
  EXPECT_EQ(read(frame(Opcode::close, close_payload({1000, "bye"}))).messages.size(), 1u);
  EXPECT_EQ(read(frame(Opcode::close, "")).messages.size(), 1u);
  EXPECT_EQ(read(frame(Opcode::close, "\x03")).fault, FrameFault::bad_close);
  EXPECT_EQ(read(frame(Opcode::close, "\x03\xee")).fault, FrameFault::bad_close);
}

TEST(MessageReader, StopsAtAFault) {
  const auto found = read(frame(Opcode::text, "one") + "\xc1");
  EXPECT_EQ(found.messages.size(), 1u);
  EXPECT_EQ(found.fault, FrameFault::none);  // the head is not whole
  EXPECT_EQ(read(frame(Opcode::text, "one") + std::string("\xc1\x00", 2)).fault, FrameFault::reserved_bits);
  EXPECT_EQ(read(frame(Opcode::text, "123456"), 5).fault, FrameFault::message_too_large);
}

}  // namespace
}  // namespace tollgate::http::websocket_messages_test
