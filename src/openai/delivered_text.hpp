// Counts the tokens of what a stream has delivered, cheaply enough to do it for every chunk.
//
// The text of the chunks is gathered and counted in stretches of whole words, so a chunk costs a copy of a
// few bytes. Nothing is known of tokens that the model spent unseen (reasoning); the provider's own
// `usage`, when it comes, is the truth.
// Not for use by two threads at once.
#pragma once

#include "openai/stream_events.hpp"
#include "tokens/tokens.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::openai {

class DeliveredText {
 public:
  DeliveredText(Dialect dialect, tokens::Encoding encoding) : dialect_(dialect), encoding_(encoding) {}

  // One event whose text is known (ChunkFacts::text): the inside of a JSON string.
  void add(std::string_view raw);
  // One event that is to be searched for text: its name ("" in the chat dialect) and data.
  void see(std::string_view event, std::string_view data);

  // No text has more tokens than bytes, so this is never too low, and it costs nothing.
  std::int64_t at_most() const noexcept { return counted_ + static_cast<std::int64_t>(pending_.size()); }

  // Counts what is pending too. A word that this cuts counts as more, not less.
  std::int64_t tokens();

 private:
  void see_chat(std::string_view data);
  void count_words();
  std::int64_t tokens_of(std::string_view raw) const;

  // Just below a size that strings grow to.
  static constexpr std::size_t stretch = 448;
  static constexpr std::size_t longest_word = 4 * stretch;

  Dialect dialect_;
  tokens::Encoding encoding_;
  std::int64_t counted_ = 0;
  std::string pending_;
};

}  // namespace tollgate::openai
