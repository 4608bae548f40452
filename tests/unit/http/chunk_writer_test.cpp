#include "http/chunk_writer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tollgate::http {
namespace {

using namespace std::chrono_literals;

TEST(ChunkWriter, WritesSizesInHex) {
  std::string out;
  append_chunk_head(out, 1);
  append_chunk_head(out, 230);
  append_chunk_head(out, UINT64_MAX);
  EXPECT_EQ(out, "1\r\ne6\r\nffffffffffffffff\r\n");
  char head[max_chunk_head_bytes];
  EXPECT_EQ(write_chunk_head(head, UINT64_MAX), max_chunk_head_bytes);
}

TEST(ChunkWriter, WritesStatusLines) {
  base::TextBuilder out;
  append_status_line(out, 200);
  append_status_line(out, 429);
  append_status_line(out, 299);
  append_status_line(out, 404, "No such thing");
  EXPECT_EQ(out.text(),
            "HTTP/1.1 200 OK\r\nHTTP/1.1 429 Too Many Requests\r\nHTTP/1.1 299 \r\n"
            "HTTP/1.1 404 No such thing\r\n");
}

TEST(ChunkWriter, WritesFields) {
  base::TextBuilder out;
  append_field(out, "Retry-After", "3");
  append_field(out, "x-empty", "");
  EXPECT_EQ(out.text(), "Retry-After: 3\r\nx-empty: \r\n");
}

TEST(ChunkWriter, WritesNumbers) {
  std::string out;
  append_number(out, 0);
  append_number(out, UINT64_MAX);
  EXPECT_EQ(out, "018446744073709551615");
}

TEST(HttpDate, IsInTheFormOfTheRfc) {
  const WallTime example(784111777s);  // the date in RFC 9110 section 5.6.7
  EXPECT_EQ(http_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(example + 999ms), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(example + 1s), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(http_date(WallTime(0s)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(WallTime(1709251199s)), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(http_date(WallTime(4102444800s)), "Fri, 01 Jan 2100 00:00:00 GMT");
  base::TextBuilder out;
  append_date(out, example);
  EXPECT_EQ(out.text(), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
}

}  // namespace
}  // namespace tollgate::http
