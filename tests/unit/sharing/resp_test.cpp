#include "sharing/resp.hpp"

#include <gtest/gtest.h>

namespace tollgate::sharing {
namespace {

using Status = ReplyReader::Status;

TEST(Resp, ACommandIsAListOfCountedWords) {
  std::string out = "x";
  append_command(out, std::vector<std::string>{"SET", "a b", std::string("\0\r\n", 3)});
  const char expected[] = "x*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$3\r\n\0\r\n\r\n";
  EXPECT_EQ(out, std::string(expected, sizeof expected - 1));
}

TEST(Resp, RepliesAreReadWhereverTheBytesAreCut) {
  const std::string bytes = "+PONG\r\n:-12\r\n$5\r\nhe\r\no\r\n*3\r\n:1\r\n$-1\r\n*1\r\n+x\r\n-ERR no\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    ReplyReader reader;
    std::vector<Reply> got;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.feed(std::string_view(bytes).substr(at, step));
      Reply reply;
      while (reader.next(reply) == Status::reply) got.push_back(reply);
    }
    ASSERT_EQ(got.size(), 5u) << step;
    EXPECT_EQ(got[0].text, "PONG");
    EXPECT_EQ(got[1].number, -12);
    EXPECT_EQ(got[2].text, "he\r\no");
    ASSERT_EQ(got[3].list.size(), 3u);
    EXPECT_EQ(got[3].list[1].kind, Reply::Kind::nil);
    EXPECT_EQ(got[3].list[2].list[0].text, "x");
    EXPECT_TRUE(got[4].is_error());
  }
}

TEST(Resp, WhatIsNotTheProtocolIsBroken) {
  for (const auto* bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n", "*1\r\nx\r\n", "$999999999999999999999\r\n"}) {
    ReplyReader reader;
    reader.feed(bytes);
    Reply reply;
    EXPECT_EQ(reader.next(reply), Status::broken) << bytes;
  }
}

TEST(Resp, AnErrorsReasonIsFoundAlsoWhenAScriptMetIt) {
  Reply reply;
  reply.kind = Reply::Kind::error;
  reply.text = "READONLY You can't write against a read only replica.";
  EXPECT_TRUE(reply.is_error_of("READONLY"));
  reply.text = "ERR Error running script (call to f_1): @user_script:9: -READONLY You can't write";
  EXPECT_TRUE(reply.is_error_of("READONLY"));
  EXPECT_FALSE(reply.is_error_of("OOM"));
  reply.text = "ERR BLOOM";
  EXPECT_FALSE(reply.is_error_of("OOM"));
}

}  // namespace
}  // namespace tollgate::sharing
