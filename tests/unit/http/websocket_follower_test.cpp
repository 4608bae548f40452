#include "http/websocket_follower.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tollgate::http {
namespace {

std::string frame(Opcode opcode, std::string_view payload) {
  std::string out;
  append_masked_frame(out, opcode, payload, {1, 2, 3, 4});
  return out;
}

struct Relayed {
  std::string bytes;
  std::uint64_t frames = 0;
};

Relayed relay(FrameFollower& follower, std::string_view text, std::size_t step) {
  Relayed out;
  while (!text.empty()) {
    const std::string piece(text.substr(0, step));
    text.remove_prefix(piece.size());
    const auto passed = follower.see(piece);
    out.bytes.append(passed.held).append(passed.bytes).append(passed.close);
    out.frames += passed.frames;
  }
  return out;
}

TEST(FrameFollower, PassesFramesOnAsTheyAre) {
  const std::string text = frame(Opcode::text, "one") + frame(Opcode::ping, "") + frame(Opcode::binary, std::string(70'000, 'x')) +
                           frame(Opcode::pong, "p");
  for (const std::size_t step : {1, 2, 3, 5, 7, 100, 100'000}) {
    FrameFollower follower(1 << 20);
    const Relayed relayed = relay(follower, text, step);
    EXPECT_EQ(relayed.bytes, text);
    EXPECT_EQ(relayed.frames, 4u);
    EXPECT_FALSE(follower.is_inside_frame());
    EXPECT_EQ(follower.fault(), FrameFault::none);
  }
}

TEST(FrameFollower, HoldsAHeadBackUntilItIsKnownToBeGood) {
  FrameFollower follower(100);
  const std::string text = frame(Opcode::text, "hello");
  EXPECT_EQ(follower.see(text.substr(0, 5)).size(), 0u);
  EXPECT_FALSE(follower.is_inside_frame());
  const std::string rest = text.substr(5, 3);
  const auto passed = follower.see(rest);
  EXPECT_EQ(passed.held, text.substr(0, 5));
  EXPECT_EQ(passed.bytes, rest);
  EXPECT_TRUE(follower.is_inside_frame());
}

TEST(FrameFollower, TellsMessagesFromControlFrames) {
  FrameFollower follower(100);
  EXPECT_FALSE(follower.see(frame(Opcode::ping, "x")).has_message);
  EXPECT_TRUE(follower.see(frame(Opcode::text, "x")).has_message);
}

TEST(FrameFollower, PassesNothingOfAFaultOrBehindIt) {
  const std::string good = frame(Opcode::text, "one");
  for (const std::size_t step : {1, 3, 1000}) {
    FrameFollower follower(100);
    std::string bad = frame(Opcode::text, "two");
    bad[0] = '\x91';  // a reserved bit
    EXPECT_EQ(relay(follower, good + bad + good, step).bytes, good);
    EXPECT_EQ(follower.fault(), FrameFault::reserved_bits);
    EXPECT_FALSE(follower.is_inside_frame());
  }
}

TEST(FrameFollower, ReadsACloseFrameAndPassesNothingBehindIt) {
  const std::string text = frame(Opcode::text, "one") + frame(Opcode::close, close_payload({4001, "bye"}));
  for (const std::size_t step : {1, 3, 1000}) {
    FrameFollower follower(100);
    EXPECT_EQ(relay(follower, text + frame(Opcode::text, "late"), step).bytes, text);
    EXPECT_TRUE(follower.has_closed());
    EXPECT_EQ(follower.close_code(), 4001);
  }
  FrameFollower follower(100);
  follower.see(frame(Opcode::close, ""));
  EXPECT_TRUE(follower.has_closed());
  EXPECT_EQ(follower.close_code(), close_code::none_given);
}

TEST(FrameFollower, RefusesACloseFrameThatIsNotValid) {
  const std::string good = frame(Opcode::text, "one");
  for (const std::size_t step : {1, 3, 1000}) {
    FrameFollower follower(100);
    EXPECT_EQ(relay(follower, good + frame(Opcode::close, "\x03"), step).bytes, good);
    EXPECT_EQ(follower.fault(), FrameFault::bad_close);
    EXPECT_FALSE(follower.has_closed());
    EXPECT_FALSE(follower.is_inside_frame());
  }
}

}  // namespace
}  // namespace tollgate::http
