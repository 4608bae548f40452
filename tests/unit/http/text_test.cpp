#include "http/text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tollgate::http {
namespace {

using namespace std::string_view_literals;

TEST(Text, ComparesWithoutCase) {
  EXPECT_TRUE(iequals("", ""));
  EXPECT_TRUE(iequals("Content-Type", "cONTENT-tYPE"));
  EXPECT_TRUE(iequals("Transfer-Encoding-And-More", "transfer-encoding-and-more"));
  EXPECT_FALSE(iequals("content-type", "content-typ"));
  EXPECT_FALSE(iequals("content-type", "content-typf"));
}

TEST(Text, FoldsLettersAndNothingElse) {
  for (unsigned a = 0; a < 256; ++a)
    for (unsigned b = 0; b < 256; ++b) {
      const bool are_letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z' && a < 128;
      const bool are_equal = a == b || (are_letters && (a ^ b) == 0x20);
      // Alone, and inside eight bytes that are compared at once.
      const std::string short_a(1, static_cast<char>(a)), short_b(1, static_cast<char>(b));
      const std::string long_a = "\xFFzA" + short_a + "\x7F@[Z",
                        long_b = "\xFFZa" + short_b + "\x7F@[z";
      EXPECT_EQ(iequals(short_a, short_b), are_equal) << a << ' ' << b;
      EXPECT_EQ(iequals(long_a, long_b), are_equal) << a << ' ' << b;
    }
}

TEST(Text, Trims) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, FindsTokensInLists) {
  EXPECT_TRUE(has_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_TRUE(has_token("close", "close"));
  EXPECT_TRUE(has_token(", ,close ,", "close"));
  EXPECT_FALSE(has_token("closed", "close"));
  EXPECT_FALSE(has_token("", "close"));
}

TEST(Text, ComparesMediaTypes) {
  EXPECT_TRUE(is_media_type("application/json", "application/json"));
  EXPECT_TRUE(is_media_type(" Application/JSON ; charset=utf-8", "application/json"));
  EXPECT_TRUE(is_media_type("text/event-stream;charset=utf-8", "text/event-stream"));
  EXPECT_FALSE(is_media_type("application/jsonl", "application/json"));
  EXPECT_FALSE(is_media_type("", "application/json"));
}

TEST(Text, DecodesPercents) {
  EXPECT_EQ(percent_decode("gpt%2D4%2fa+b"), "gpt-4/a+b");
  EXPECT_EQ(percent_decode(""), "");
  EXPECT_EQ(percent_decode("%C3%a9"), "\xC3\xA9");
  for (const auto text : {"%"sv, "%4"sv, "a%"sv, "%4g"sv, "%g4"sv, "%%41"sv, "%00"sv, "%+1"sv})
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
}

TEST(Text, FindsQueryParameters) {
  const auto query = "api-version=2024-10-21&empty=&bare&a=1&a=2&x=y=z"sv;
  EXPECT_EQ(query_parameter(query, "api-version"), "2024-10-21");
  EXPECT_EQ(query_parameter(query, "empty"), "");
  EXPECT_EQ(query_parameter(query, "bare"), "");
  EXPECT_EQ(query_parameter(query, "a"), "1");
  EXPECT_EQ(query_parameter(query, "x"), "y=z");
  EXPECT_EQ(query_parameter(query, "version"), std::nullopt);
  EXPECT_EQ(query_parameter("", "a"), std::nullopt);
}

}  // namespace
}  // namespace tollgate::http
