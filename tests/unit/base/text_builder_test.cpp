#include "base/text_builder.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace tollgate::base {
namespace {

std::string letters(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += static_cast<char>('a' + i % 26);
  return text;
}

TEST(TextBuilder, AppendsPiecesOfEveryLength) {
  for (std::size_t size = 0; size < 100; ++size) {
    const std::string piece = letters(size);
    TextBuilder out;
    out += '<';
    out.append(piece);
    out.put(">, ");
    out.append(piece);
    EXPECT_EQ(out.text(), "<" + piece + ">, " + piece);
  }
}

TEST(TextBuilder, GrowsWherePiecesDoNotFit) {
  for (const std::size_t first : {0, 1, 2000, 2047, 2048, 5000}) {
    for (const std::size_t second : {1, 48, 49, 3000, 100'000}) {
      TextBuilder out;
      std::string expected;
      for (const std::size_t size : {first, second, first}) {
        out.append(letters(size));
        expected += letters(size);
        out.number(-12);
        out += ',';
        out.put("end");
        expected += "-12,end";
      }
      EXPECT_EQ(out.text(), expected);
    }
  }
}

TEST(TextBuilder, WritesNumbers) {
  for (const std::int64_t value : {INT64_MIN, std::int64_t{-10}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{9},
                                   std::int64_t{10}, std::int64_t{1'234'567}, INT64_MAX}) {
    TextBuilder out;
    out.number(value);
    EXPECT_EQ(out.text(), std::to_string(value));
  }
}

}  // namespace
}  // namespace tollgate::base
