#include "openai/json_cursor.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace tollgate::openai::json_cursor_test {
namespace {

// The text alone in its memory, so that a reader that goes beyond it is found out.
struct Text {
  explicit Text(const std::string& text) : bytes(new char[text.size()]), size(text.size()) {
    text.copy(bytes.get(), size);
  }
  std::string_view view() const { return {bytes.get(), size}; }
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};

TEST(JsonCursor, FindsTheEndOfAStringOfAnyLengthAtAnyPlace) {
  for (std::size_t before = 0; before < 3; ++before) {
    for (std::size_t size = 0; size < 300; ++size) {
      for (const std::size_t behind : {0, 1, 15, 16, 70}) {
        const std::string inside(size, 'x');
        const Text text(std::string(before, ' ') + '"' + inside + '"' + std::string(behind, ' '));
        JsonCursor cursor(text.view());
        JsonString string;
        ASSERT_TRUE(cursor.read_string(string)) << size << ' ' << behind;
        EXPECT_EQ(string.raw, inside);
        EXPECT_FALSE(string.has_escapes);
        EXPECT_EQ(cursor.offset(), before + size + 2);
        EXPECT_TRUE(cursor.is_at_end());
      }
    }
  }
}

TEST(JsonCursor, SeesEscapesAndControlCharactersWhereverTheyStand) {
  for (std::size_t size = 1; size < 200; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string inside(size, '\xe9');
      JsonString string;
      inside[at] = '\n';
      const Text with_control('"' + inside + '"');
      JsonCursor broken(with_control.view());
      ASSERT_FALSE(broken.read_string(string)) << size << ' ' << at;
      EXPECT_EQ(broken.offset(), at + 1);
      inside.replace(at, 1, "\\\"");
      const Text with_escape('"' + inside + '"');
      JsonCursor cursor(with_escape.view());
      ASSERT_TRUE(cursor.read_string(string)) << size << ' ' << at;
      EXPECT_EQ(string.raw, inside);
      EXPECT_TRUE(string.has_escapes);
    }
  }
}

TEST(JsonCursor, RefusesAStringThatDoesNotEnd) {
  for (std::size_t size = 0; size < 200; ++size) {
    const Text text('"' + std::string(size, 'x'));
    JsonCursor cursor(text.view());
    JsonString string;
    EXPECT_FALSE(cursor.read_string(string)) << size;
  }
}

// An array of strings with and without escapes, some longer than fits in a register.
std::string array_of_strings(std::mt19937& random, std::size_t count) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) {
    text += i == 0 ? "\"" : ", \"";
    for (auto left = random() % 90; left > 0; --left) text += random() % 30 == 0 ? "\\n" : "y";
    text += '"';
  }
  return text + "]";
}

std::vector<JsonString> read_all(JsonCursor& cursor) {
  std::vector<JsonString> strings;
  EXPECT_TRUE(cursor.open_array());
  for (bool is_first = true; cursor.next_element(is_first); is_first = false)
    if (!cursor.read_string(strings.emplace_back())) break;
  return strings;
}

TEST(JsonCursor, ReadsTheSameStringsByTheEndsThatWereNoted) {
  std::mt19937 random(7);  // always the same texts
  for (int round = 0; round < 300; ++round) {
    const Text text(array_of_strings(random, random() % 40));
    StringEnds ends;
    ends.make_room_for(text.view());
    JsonCursor first(text.view());
    first.note_ends(ends);
    const auto found = read_all(first);
    JsonCursor second(text.view());
    second.go_by(ends);
    const auto again = read_all(second);
    ASSERT_FALSE(second.is_broken()) << second.problem();
    EXPECT_EQ(second.offset(), first.offset());
    ASSERT_EQ(again.size(), found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(again[i].raw, found[i].raw);
      EXPECT_EQ(again[i].has_escapes, found[i].has_escapes);
    }
  }
}

TEST(JsonCursor, StringsBeyondTheRoomForEndsAreReadAllTheSame) {
  std::string many = "[\"\"";
  for (int i = 0; i < 4000; ++i) many += R"(,"\n")";
  const Text text(many + "]");
  StringEnds ends;
  ends.make_room_for(text.view());
  JsonCursor first(text.view());
  first.note_ends(ends);
  EXPECT_EQ(read_all(first).size(), 4001u);
  EXPECT_LT(static_cast<std::size_t>(ends.end() - ends.begin()), 2000u);
  JsonCursor second(text.view());
  second.go_by(ends);
  const auto again = read_all(second);
  ASSERT_EQ(again.size(), 4001u);
  EXPECT_EQ(again.back().raw, "\\n");
}

TEST(JsonCursor, StaysWithinATextThatTheEndsAreNotOf) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    const Text longer(array_of_strings(random, 30));
    StringEnds ends;
    ends.make_room_for(longer.view());
    JsonCursor first(longer.view());
    first.note_ends(ends);
    read_all(first);
    const Text other(array_of_strings(random, random() % 20));
    JsonCursor cursor(other.view());
    cursor.go_by(ends);
    read_all(cursor);
    EXPECT_LE(cursor.offset(), other.size);
  }
}

}  // namespace
}  // namespace tollgate::openai::json_cursor_test
