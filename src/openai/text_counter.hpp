// Counts the strings of a JSON body: short ones at once, what is long or too much for one step
// later.
#pragma once

#include "openai/json_cursor.hpp"
#include "tokens/tokens.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::openai {

// The text goes into `out` as far as its escapes can be undone; the rest as it is written.
void unescape_leniently(std::string_view raw, std::string& out);

// Where a JSON string may be cut at or just before `limit` without cutting an escape, or a pair of
// them that makes one character.
std::size_t cut_before(std::string_view raw, std::size_t limit) noexcept;

// The strings have to outlive it. Not for use by two threads at once.
class TextCounter {
 public:
  explicit TextCounter(tokens::Encoding encoding) noexcept : encoding_(encoding) {}

  // Until the next call of step(), strings are counted at once as long as they add up to no more
  // than this; the others wait.
  void set_budget(std::size_t bytes) noexcept { budget_ = bytes; }

  // The inside of a JSON string.
  void add(const JsonString& text);
  // Text without escapes, or JSON counted as it is written.
  void add_plain(std::string_view text) { add(JsonString{text, false}); }
  void add_tokens(std::uint64_t tokens) noexcept { tokens_ += tokens; }

  // Whether something of this size may be counted now; if so it is taken off the budget.
  bool take(std::size_t bytes) noexcept {
    if (bytes > budget_) return false;
    budget_ -= bytes;
    return true;
  }

  // Goes on with what waits, for about `bytes` bytes. True when nothing waits any more.
  bool step(std::size_t bytes);

  tokens::Encoding encoding() const noexcept { return encoding_; }
  std::uint64_t tokens() const noexcept { return tokens_; }

 private:
  // A long string in its middle: first its escapes are undone, piece by piece, then it is counted.
  struct Long {
    std::string_view raw;  // what is still to be unescaped
    std::string unescaped;
    std::unique_ptr<tokens::Counting> counting;
  };

  std::uint64_t count_now(const JsonString& text);
  bool step_long(std::size_t& bytes);

  tokens::Encoding encoding_;
  std::size_t budget_ = 0;
  std::uint64_t tokens_ = 0;
  std::vector<JsonString> waiting_;  // from next_ on
  std::size_t next_ = 0;
  std::unique_ptr<Long> long_;
};

}  // namespace tollgate::openai
