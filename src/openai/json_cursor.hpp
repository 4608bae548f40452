// Walks a JSON text in memory, checking its grammar, without building anything.
#pragma once

#include "openai/string_ends.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::openai {

// How deep arrays and objects may be nested, the outermost included.
inline constexpr int json_depth_limit = 256;

// What stands between the quotes.
struct JsonString {
  std::string_view raw;
  bool has_escapes = false;
};

// Goes forward only. Every function that returns bool says whether the text was as it has to be;
// after the first false `problem` and `offset()` say what and where, and the cursor is of no more
// use. UTF-8 is not checked.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) noexcept
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  // To be said before anything is taken: notes where longer strings end, or goes by what was noted of the same text
  // (of another one what is read means nothing, but nothing beyond the text is read). `ends` stays.
  // REQUIRES: a text of at most StringEnds::longest_text, and room made for it.
  void note_ends(StringEnds& ends) noexcept { noted_ = &ends; }
  void go_by(const StringEnds& ends) noexcept {
    known_ = ends.begin();
    last_known_ = ends.end();
  }

  std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  const char* problem() const noexcept { return problem_; }
  bool is_broken() const noexcept { return problem_ != nullptr; }

  // The next byte that is not white space, without taking it; NUL at the end of the text.
  char peek() noexcept {
    skip_space();
    return at_ == end_ ? '\0' : *at_;
  }
  bool is_at_end() noexcept {
    skip_space();
    return at_ == end_;
  }

  bool skip_value() noexcept;
  // Skips a value and says where it stands.
  bool read_value(std::string_view& text) noexcept {
    skip_space();
    const char* const start = at_;
    if (!skip_value()) return false;
    text = {start, static_cast<std::size_t>(at_ - start)};
    return true;
  }
  bool read_string(JsonString& string) noexcept;

  // Takes the opening brace.
  bool open_object() noexcept;

  // Takes the next key and its colon; the value is to be taken before the next call. False at the
  // closing brace, which is taken, or if the text is broken. `is_first` is true for the first call.
  bool next_member(JsonString& key, bool is_first) noexcept;

  bool open_array() noexcept;
  // False at the closing bracket, which is taken, or if the text is broken.
  bool next_element(bool is_first) noexcept;

  bool fail(const char* problem) noexcept {
    problem_ = problem;
    return false;
  }

 private:
  void skip_space() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool read_longer_string(JsonString& string) noexcept;
  bool skip_key(JsonString& key) noexcept;
  bool skip_scalar() noexcept;
  bool skip_escapes() noexcept;
  bool skip_number() noexcept;
  bool skip_digits() noexcept;
  bool skip_literal(std::string_view literal) noexcept;

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* problem_ = nullptr;
  StringEnds* noted_ = nullptr;
  const StringEnds::End* known_ = nullptr;
  const StringEnds::End* last_known_ = nullptr;
};

// Appends the text that the inside of a JSON string stands for. False if it names half a surrogate
// pair, which no text can hold.
bool json_unescape(std::string_view raw, std::string& out);

// A whole number that fits; fractions and exponents are not whole numbers here.
bool read_integer(std::string_view literal, std::int64_t& value) noexcept;

}  // namespace tollgate::openai
