#include "http/body_decoder.hpp"

#include "http/chunk_writer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::http {
namespace {

using namespace std::string_view_literals;
using Kind = Framing::Kind;
using Status = BodyDecoder::Status;

static_assert(sizeof(BodyDecoder) <= 48);

BodyDecoder chunked() { return BodyDecoder(Framing{Kind::chunked, 0}); }

struct Decoded {
  std::string payload;
  Status last = Status::need_more;
  std::size_t consumed = 0;
  bool operator==(const Decoded&) const = default;
};

// Feeds the parts one after the other until they end, or the body does.
Decoded decode(BodyDecoder decoder, const std::vector<std::string_view>& parts) {
  Decoded decoded;
  for (std::string_view in : parts) {
    do {
      const auto step = decoder.next(in);
      decoded.last = step.status;
      decoded.payload.append(step.data);
      decoded.consumed += step.consumed;
      if (step.status == Status::data) {
        EXPECT_FALSE(step.data.empty());
        EXPECT_GE(step.data.data(), in.data());
        EXPECT_LE(step.data.data() + step.data.size(), in.data() + in.size());
      } else {
        EXPECT_TRUE(step.data.empty());
      }
      if (step.status == Status::need_more) {
        EXPECT_EQ(step.consumed, in.size());
      }
      in.remove_prefix(step.consumed);
    } while (decoded.last == Status::data);
    if (decoded.last != Status::need_more) break;
  }
  return decoded;
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t i = 0; i < text.size(); ++i) parts.push_back(text.substr(i, 1));
  return parts;
}

// The same however the input is cut.
Decoded decode_every_way(Framing framing, std::string_view text) {
  const auto whole = decode(BodyDecoder(framing), {text});
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(decode(BodyDecoder(framing), {text.substr(0, cut), text.substr(cut)}), whole)
        << text << " cut at " << cut;
  EXPECT_EQ(decode(BodyDecoder(framing), bytes_of(text)), whole) << text;
  return whole;
}

Decoded decode_chunked(std::string_view text) {
  return decode_every_way(Framing{Kind::chunked, 0}, text);
}

TEST(BodyDecoder, EndsAtOnceWithoutABody) {
  for (const Framing framing : {Framing{}, Framing{Kind::length, 0}}) {
    BodyDecoder decoder(framing);
    EXPECT_TRUE(decoder.is_done());
    const auto step = decoder.next("GET / HTTP/1.1");
    EXPECT_EQ(step.status, Status::end);
    EXPECT_EQ(step.consumed, 0u);
    EXPECT_TRUE(decoder.finish_at_eof());
  }
}

TEST(BodyDecoder, TakesExactlyTheLength) {
  const auto decoded = decode_every_way(Framing{Kind::length, 5}, "helloGET /");
  EXPECT_EQ(decoded.payload, "hello");
  EXPECT_EQ(decoded.consumed, 5u);
  EXPECT_EQ(decoded.last, Status::end);
}

TEST(BodyDecoder, IsDoneWithTheLastByteOfALength) {
  BodyDecoder decoder(Framing{Kind::length, 5});
  EXPECT_EQ(decoder.next("hel").data, "hel");
  EXPECT_FALSE(decoder.is_done());
  EXPECT_EQ(decoder.next("lo").data, "lo");
  EXPECT_TRUE(decoder.is_done());
}

TEST(BodyDecoder, KnowsATruncatedBodyFromAWholeOne) {
  BodyDecoder cut(Framing{Kind::length, 5});
  cut.next("hell");
  EXPECT_FALSE(cut.finish_at_eof());
  BodyDecoder until_close(Framing{Kind::until_close, 0});
  EXPECT_EQ(until_close.next("anything").data, "anything");
  EXPECT_FALSE(until_close.is_done());
  EXPECT_TRUE(until_close.finish_at_eof());
  EXPECT_TRUE(until_close.is_done());
  EXPECT_EQ(until_close.next("").status, Status::end);
  // A chunked body is whole only with its last CRLF.
  const auto text = "5\r\nhello\r\n0\r\n\r\n"sv;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    auto decoder = chunked();
    std::string_view in = text.substr(0, size);
    for (;;) {
      const auto step = decoder.next(in);
      in.remove_prefix(step.consumed);
      if (step.status != Status::data) break;
    }
    EXPECT_EQ(decoder.finish_at_eof(), size == text.size()) << size;
  }
}

TEST(BodyDecoder, HandsOutOneEventPerChunkInOneStep) {
  auto decoder = chunked();
  auto in = "6\r\ndata: \r\nA\r\n0123456789\r\n0\r\n\r\n"sv;
  auto step = decoder.next(in);
  EXPECT_EQ(step.data, "data: ");
  EXPECT_EQ(step.consumed, 11u);
  in.remove_prefix(step.consumed);
  step = decoder.next(in);
  EXPECT_EQ(step.data, "0123456789");
  in.remove_prefix(step.consumed);
  step = decoder.next(in);
  EXPECT_EQ(step.status, Status::end);
  EXPECT_EQ(step.consumed, in.size());
  EXPECT_TRUE(decoder.is_done());
}

TEST(BodyDecoder, ReadsChunksHoweverTheyAreCut) {
  struct Case {
    std::string_view text, payload;
  };
  for (const Case& c : {
           Case{"0\r\n\r\n", ""},
           Case{"5\r\nhello\r\n0\r\n\r\n", "hello"},
           Case{"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
           Case{"00000005\r\nhello\r\n000\r\n\r\n", "hello"},
           Case{"0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello"},
           Case{"1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", "abcdefghijklmnopqrstuvwxyz"},
           Case{"1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", "abcdefghijklmnopqrstuvwxyz"},
           Case{"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
           Case{"5;name=value\r\nhello\r\n0;last\r\n\r\n", "hello"},
           Case{"5 \t;a=\"b;\xE4\tc\"\r\nhello\r\n0\r\n\r\n", "hello"},
           Case{"5\r\nhello\r\n0\r\nX-Trailer: a\r\nY:\r\n\r\n", "hello"},
       }) {
    std::string text(c.text);
    text += "NEXT";
    const auto decoded = decode_chunked(text);
    EXPECT_EQ(decoded.last, Status::end) << c.text;
    EXPECT_EQ(decoded.payload, c.payload) << c.text;
    EXPECT_EQ(decoded.consumed, c.text.size()) << c.text;
  }
}

TEST(BodyDecoder, RefusesChunksThatCouldBeReadInTwoWays) {
  for (const auto text : {
           "\r\n"sv,
           "\n"sv,
           " 5\r\nhello\r\n"sv,
           "5 \r\nhello\r\n"sv,
           "5\t\r\nhello\r\n"sv,
           "+5\r\nhello\r\n"sv,
           "-5\r\nhello\r\n"sv,
           "0x5\r\nhello\r\n"sv,
           "5h\r\nhello\r\n"sv,
           "5,\r\nhello\r\n"sv,
           ";\r\nhello\r\n"sv,
           "5\nhello\r\n"sv,
           "5\rhello\r\n"sv,
           "5\r\rhello\r\n"sv,
           "5\r\nhello\n0\r\n\r\n"sv,
           "5\r\nhello\r0\r\n\r\n"sv,
           "5\r\nhello0\r\n\r\n"sv,
           "5\r\nhelloo\r\n0\r\n\r\n"sv,
           "5\r\nhell\r\n0\r\n\r\n"sv,
           "5\r\nhello\r\n\r\n0\r\n\r\n"sv,
           "5 x;a\r\nhello\r\n"sv,
           "5;a\nhello\r\n"sv,
           "5;a\rb\r\nhello\r\n"sv,
           "5;a\0b\r\nhello\r\n"sv,
           "5;a\x7f\r\nhello\r\n"sv,
           "0\n\n"sv,
           "0\r\n\n"sv,
           "0\r\n\rX"sv,
           "0\r\nX: a\n\r\n"sv,
           "0\r\nX: a\r\r\n"sv,
           "0\r\n X: a\r\n\r\n"sv,
           "0\r\nX: a\r\n b\r\n\r\n"sv,
           "0\r\nX : a\r\n\r\n"sv,
           "0\r\n: a\r\n\r\n"sv,
           "0\r\nX\r\n\r\n"sv,
           "0\r\nX: \0\r\n\r\n"sv,
           "0\r\nGET / HTTP/1.1\r\n\r\n"sv,
           "00000000000000005\r\nhello\r\n"sv,  // 17 digits
           "4000000000000001\r\nhello\r\n"sv,   // above the cap
           "ffffffffffffffff\r\nhello\r\n"sv,
           "10000000000000005\r\nhello\r\n"sv,  // overflows 64 bits
       }) {
    const auto decoded = decode_chunked(text);
    EXPECT_EQ(decoded.last, Status::error) << text;
  }
}

TEST(BodyDecoder, StaysBrokenAfterAnError) {
  auto decoder = chunked();
  EXPECT_EQ(decoder.next("x").status, Status::error);
  EXPECT_EQ(decoder.next("0\r\n\r\n").status, Status::error);
  EXPECT_FALSE(decoder.is_done());
  EXPECT_FALSE(decoder.finish_at_eof());
}

TEST(BodyDecoder, TakesTheLargestChunkSize) {
  auto decoder = chunked();
  const auto step = decoder.next("4000000000000000\r\nabc");
  EXPECT_EQ(step.status, Status::data);
  EXPECT_EQ(step.data, "abc");
}

TEST(BodyDecoder, BoundsExtensionsOverAllChunks) {
  const auto with_extensions = [](std::size_t bytes) {
    std::string text;
    for (; bytes > 100; bytes -= 100) text += "1;" + std::string(99, 'e') + "\r\nx\r\n";
    return text + "1;" + std::string(bytes - 1, 'e') + "\r\nx\r\n0\r\n\r\n";
  };
  const auto most = with_extensions(BodyDecoder::max_extension_bytes);
  EXPECT_EQ(decode(chunked(), {most}).last, Status::end);
  EXPECT_EQ(decode(chunked(), bytes_of(most)).last, Status::end);
  const auto more = with_extensions(BodyDecoder::max_extension_bytes + 1);
  EXPECT_EQ(decode(chunked(), {more}).last, Status::error);
  EXPECT_EQ(decode(chunked(), {"1" + std::string(5000, ' ')}).last, Status::error);
}

TEST(BodyDecoder, BoundsTrailers) {
  const auto with_trailer = [](std::size_t bytes) {
    return "0\r\nX:" + std::string(bytes - 2, 't') + "\r\n\r\n";
  };
  const auto most = with_trailer(BodyDecoder::max_trailer_bytes);
  EXPECT_EQ(decode(chunked(), {most}).last, Status::end);
  const auto more = with_trailer(BodyDecoder::max_trailer_bytes + 1);
  EXPECT_EQ(decode(chunked(), {more}).last, Status::error);
  std::string many = "0\r\n";
  for (int i = 0; i < 5000; ++i) many += "X:\r\n";
  EXPECT_EQ(decode(chunked(), {many + "\r\n"}).last, Status::error);
}

TEST(BodyDecoder, ReadsWhatTheChunkWriterWrites) {
  std::string text;
  std::string payload;
  for (std::size_t size : {1u, 9u, 10u, 15u, 16u, 17u, 255u, 256u, 4095u, 4096u, 70'000u}) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    append_chunk_head(text, size);
    text.append(piece).append(end_of_chunk);
    payload += piece;
  }
  text += last_chunk;
  for (const std::size_t cut : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, text.size()}) {
    std::vector<std::string_view> parts;
    for (std::size_t i = 0; i < text.size(); i += cut)
      parts.push_back(std::string_view(text).substr(i, cut));
    const auto decoded = decode(chunked(), parts);
    EXPECT_EQ(decoded.last, Status::end);
    EXPECT_EQ(decoded.payload, payload);
    EXPECT_EQ(decoded.consumed, text.size());
  }
}

}  // namespace
}  // namespace tollgate::http
