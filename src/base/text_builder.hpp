// Puts a text together: heads of messages, records.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace tollgate::base {

// Texts of usual length are written where it stands, on the stack, longer ones grow on the heap. A piece costs a few
// moves, where std::string::append costs a call, two comparisons and one more call. Not for coroutines, whose frames it
// would fill. One thread.
class TextBuilder {
 public:
  TextBuilder() noexcept = default;
  TextBuilder(const TextBuilder&) = delete;
  TextBuilder& operator=(const TextBuilder&) = delete;

  // A literal.
  template <std::size_t size>
  void put(const char (&literal)[size]) {
    std::memcpy(room(size - 1), literal, size - 1);
    at_ += size - 1;
  }
  // REQUIRES: `text` is no part of what is written here.
  void append(std::string_view text) {
    copy(room(text.size()), text.data(), text.size());
    at_ += text.size();
  }
  void operator+=(char c) { *room(1) = c, ++at_; }
  void number(std::int64_t value) {
    constexpr std::size_t longest = 20;
    char* const to = room(longest);
    if (value >= 0 && value < 10) {  // most are
      *to = static_cast<char>('0' + value);
      ++at_;
    } else {
      at_ = std::to_chars(to, to + longest, value).ptr;
    }
  }

  // Valid until more is written.
  std::string_view text() const noexcept { return {begin_, at_}; }

 private:
  char* room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
    return at_;
  }
  void grow(std::size_t bytes);
  // Short pieces by two moves that overlap.
  static void copy(char* to, const char* from, std::size_t size) noexcept;

  char usual_[2048];
  std::vector<char> longer_;
  char* begin_ = usual_;
  char* at_ = usual_;
  char* end_ = usual_ + sizeof usual_;
};

}  // namespace tollgate::base
