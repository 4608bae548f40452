#include "identity/compact_jws.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::identity {
namespace {

TEST(CompactJws, IsTakenApart) {
  const auto jws = split_jws("e30.eyJhIjoxfQ.AQID");
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->signing_input, "e30.eyJhIjoxfQ");
  EXPECT_EQ(jws->header, "{}");
  EXPECT_EQ(jws->payload, R"({"a":1})");
  EXPECT_EQ(jws->signature, "\x01\x02\x03");
}

TEST(CompactJws, HasExactlyThreeParts) {
  for (const char* token : {"", ".", "e30", "e30.e30", "e30.e30.e30.e30", "e30.e30.e30.e30.e30"}) {
    EXPECT_FALSE(split_jws(token)) << token;
  }
}

TEST(CompactJws, HasABoundOnItsSize) {
  const std::string part = "e30.e30.";
  EXPECT_TRUE(split_jws(part + std::string(16 * 1024 - part.size(), 'A')));
  EXPECT_FALSE(split_jws(part + std::string(16 * 1024 - part.size() + 4, 'A')));
}

TEST(Base64Url, TakesEveryRemainder) {
  EXPECT_EQ(decode_base64url(""), "");
  EXPECT_EQ(decode_base64url("Zg"), "f");
  EXPECT_EQ(decode_base64url("Zm8"), "fo");
  EXPECT_EQ(decode_base64url("Zm9v"), "foo");
  EXPECT_EQ(decode_base64url("-_-_"), "\xfb\xff\xbf");
}

TEST(Base64Url, IsStrict) {
  // Padding, the other alphabet, white space, a length that cannot be, bits that are left over.
  for (const char* text : {"Zg==", "Zm8=", "+/+/", "Zm 9v", "Zm9v\n", "A", "Zm9vA", "Zh", "Zm9", "Zm\xc3\xa4v"}) {
    EXPECT_FALSE(decode_base64url(text)) << text;
  }
}

TEST(CompactJws, IsToldFromAKey) {
  EXPECT_TRUE(looks_like_jws("eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.AQID"));
  EXPECT_FALSE(looks_like_jws("tg-0123456789.abc.def"));
  EXPECT_FALSE(looks_like_jws("eyJhbGciOiJSUzI1NiJ9"));
  EXPECT_FALSE(looks_like_jws("eyJ.a.b.c.d"));
}

}  // namespace
}  // namespace tollgate::identity
