// The HTTP reader: framing, pipelining, and what it must refuse.
#include "mock_azure/http_request.hpp"

#include <string>

#include <gtest/gtest.h>

namespace tollgate::mock {
namespace {

using Progress = RequestReader::Progress;

void feed(RequestReader& reader, std::string_view bytes) {
  reader.append(bytes.data(), bytes.size());
}

int refusal(std::string_view bytes) {
  RequestReader reader(1000);
  feed(reader, bytes);
  return reader.next() == Progress::bad ? reader.error_status() : 0;
}

TEST(MockHttpRequest, ReadsASizedBodyByteByByte) {
  const std::string bytes =
      "POST /a/b?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
  RequestReader reader(1000);
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    feed(reader, bytes.substr(i, 1));
    ASSERT_EQ(reader.next(), Progress::need_more);
  }
  feed(reader, bytes.substr(bytes.size() - 1));
  ASSERT_EQ(reader.next(), Progress::complete);
  EXPECT_EQ(reader.request().method, "POST");
  EXPECT_EQ(reader.request().path, "/a/b");
  EXPECT_EQ(reader.request().query, "x=1");
  EXPECT_EQ(reader.request().header("HOST"), "h");
  EXPECT_EQ(reader.request().body, "hello");
  EXPECT_TRUE(reader.request().keep_alive);
}

TEST(MockHttpRequest, JoinsChunksAndDropsTrailers) {
  RequestReader reader(1000);
  feed(reader,
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
       "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n");
  ASSERT_EQ(reader.next(), Progress::complete);
  EXPECT_EQ(reader.request().body, "abcde");
}

TEST(MockHttpRequest, TakesPipelinedRequestsOneByOne) {
  RequestReader reader(1000);
  feed(reader,
       "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
       "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  for (const char* path : {"/1", "/2", "/3"}) {
    ASSERT_EQ(reader.next(), Progress::complete);
    EXPECT_EQ(reader.request().path, path);
    EXPECT_EQ(reader.request().keep_alive, std::string_view(path) != "/3");
    reader.consume();
  }
  EXPECT_EQ(reader.next(), Progress::need_more);
}

TEST(MockHttpRequest, KnowsWhenTheClientWaitsForContinue) {
  RequestReader reader(1000);
  feed(reader, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(reader.next(), Progress::need_more);
  EXPECT_TRUE(reader.has_head());
  EXPECT_TRUE(reader.wants_continue());
  feed(reader, "h");
  EXPECT_FALSE(reader.wants_continue());
}

TEST(MockHttpRequest, HttpOneZeroClosesUnlessAskedNotTo) {
  RequestReader reader(1000);
  feed(reader, "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_EQ(reader.next(), Progress::complete);
  EXPECT_FALSE(reader.request().keep_alive);
  reader.consume();
  ASSERT_EQ(reader.next(), Progress::complete);
  EXPECT_TRUE(reader.request().keep_alive);
}

TEST(MockHttpRequest, RefusesWhatCouldSmuggle) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n"),
            400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nA: b\nC: d\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET  HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("G@T / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(MockHttpRequest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n"), 413);
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"), 413);
  EXPECT_EQ(refusal("GET /" + std::string(70'000, 'a')), 431);
}

TEST(MockHttpRequest, RefusesBrokenChunks) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(refusal(head + "zz\r\n"), 400);
  EXPECT_EQ(refusal(head + "0x3\r\nabc\r\n"), 400);
  EXPECT_EQ(refusal(head + "3\r\nabcd\r\n"), 400);
  EXPECT_EQ(refusal(head + "-1\r\n"), 400);
  EXPECT_EQ(refusal(head + "fffffffffffffffff\r\n"), 400);
}

}  // namespace
}  // namespace tollgate::mock
