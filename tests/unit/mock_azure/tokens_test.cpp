// The stand-in's tokenizer, hashes and text helpers.
#include "mock_azure/tokens.hpp"

#include <string>

#include <gtest/gtest.h>

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

TEST(MockTokens, AWordTakesTheSpaceBeforeIt) {
  EXPECT_EQ(count_tokens("the quick fox"), 3);
  EXPECT_EQ(count_tokens(""), 0);
  EXPECT_EQ(count_tokens("a, b"), 3);
}

TEST(MockTokens, LongWordsAreCutAfterSixLetters) {
  EXPECT_EQ(count_tokens("deployments"), 2);
  EXPECT_EQ(first_tokens("deployments", 1), "deploy");
}

TEST(MockTokens, NeverSplitsAUtf8Character) {
  const std::string text = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e";
  std::size_t at = 0;
  while (at < text.size()) {
    at = token_end(text, at);
    EXPECT_TRUE(at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80);
  }
}

TEST(MockTokens, PiecesJoinToTheText) {
  const std::string text = "One  two\nthree: {\"four\": 5.25}  ";
  std::string joined;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = token_end(text, at);
    ASSERT_GT(end, at);
    joined += text.substr(at, end - at);
    at = end;
  }
  EXPECT_EQ(joined, text);
}

TEST(MockText, HashesDifferAndStay) {
  EXPECT_EQ(hash_bytes(1, "abc"), hash_bytes(1, "abc"));
  EXPECT_NE(hash_bytes(1, "abc"), hash_bytes(2, "abc"));
  EXPECT_NE(hash_bytes(1, "abc"), hash_bytes(1, std::string_view("abc\0", 4)));
  EXPECT_EQ(sha256_hex("abc").substr(0, 16), "ba7816bf8f01cfea");
}

TEST(MockText, EscapesJson) {
  EXPECT_EQ(json_quoted("a\"b\\\n\x01"), "\"a\\\"b\\\\\\n\\u0001\"");
}

TEST(MockText, ReadsQueries) {
  EXPECT_EQ(query_value("a=1&api-version=2024%2D10-21", "api-version"), "2024-10-21");
  EXPECT_EQ(query_value("a=1", "b"), std::nullopt);
  EXPECT_EQ(query_value("a&b=2", "a"), "");
}

TEST(MockText, Base64HasItsPadding) {
  EXPECT_EQ(base64("a"), "YQ==");
  EXPECT_EQ(base64(std::string_view("\0\0\x80\x3f", 4)), "AACAPw==");
}

}  // namespace
}  // namespace tollgate::mock
