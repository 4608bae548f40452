#include "base/json_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate {
namespace {

std::string escaped(std::string_view text) {
  std::string out = "+";
  json_escape(out, text);
  return out;
}

TEST(JsonEscape, AppendsPlainTextAsItIs) {
  EXPECT_EQ(escaped(""), "+");
  EXPECT_EQ(escaped("plain text, 'quoted'"), "+plain text, 'quoted'");
}

TEST(JsonEscape, EscapesWhatJsonDoesNotAllow) {
  EXPECT_EQ(escaped("a\"b\\c/"), R"(+a\"b\\c/)");
  EXPECT_EQ(escaped("\b\f\n\r\t"), R"(+\b\f\n\r\t)");
  EXPECT_EQ(escaped(std::string_view("\0\x1f\x7f", 3)), R"(+\u0000\u001f\u007f)");
}

TEST(JsonEscape, FindsWhatIsNotPlainAtEveryPlace) {
  for (std::size_t size = 1; size != 40; ++size) {
    std::string text(size, ' ');
    EXPECT_TRUE(is_plain_json(text)) << size;
    EXPECT_EQ(escaped(text), "+" + text);
    for (std::size_t at = 0; at != size; ++at)
      for (const char special : {'"', '\\', '\0', '\x1f', '\x7f', '\x80', '\xff'}) {
        text[at] = special;
        EXPECT_FALSE(is_plain_json(text)) << size << " " << at;
        EXPECT_EQ(escaped(text).substr(1, at), text.substr(0, at));
        EXPECT_NE(escaped(text), "+" + text);
        text[at] = '~';
      }
  }
}

TEST(JsonEscape, KeepsValidUtf8) {
  for (const auto* const text : {"é", "€", "😀", "\xc2\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
    EXPECT_EQ(escaped(text), "+" + std::string(text));
}

TEST(JsonEscape, ReplacesInvalidBytes) {
  const std::string replacement = "\xef\xbf\xbd";
  EXPECT_EQ(escaped("a\xff"), "+a" + replacement);
  EXPECT_EQ(escaped("\xc0\x80"), "+" + replacement + replacement);
  EXPECT_EQ(escaped("\xed\xa0\x80"), "+" + replacement + replacement + replacement);
  EXPECT_EQ(escaped("\xe2\x82"), "+" + replacement + replacement);
  EXPECT_EQ(escaped("\xe2\x82\xe2\x82\xac"), "+" + replacement + replacement + "€");
}

}  // namespace
}  // namespace tollgate
