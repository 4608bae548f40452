// Counts the tokens of a text exactly as OpenAI's tokenizer splits it, for cl100k_base and
// o200k_base.
//
// The names of special tokens ("<|endoftext|>") in a text count as ordinary text. Bytes that are
// not UTF-8 are counted one by one as symbols: never a crash, always the same number.
//
// Thread safety: everything here may be called from any thread. The tables are read-only pages of
// the program; each thread has a small cache of its own, made at its first count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace tollgate::tokens {

enum class Encoding : unsigned char { cl100k_base, o200k_base };

const char* name_of(Encoding encoding) noexcept;

// "cl100k_base", "o200k_base"; "o200k_harmony", which splits ordinary text as o200k_base does.
std::optional<Encoding> encoding_named(std::string_view name) noexcept;

// By the longest known prefix of the base model's name, in OpenAI's or Azure's spelling
// ("gpt-4o-2024-11-20", "gpt-35-turbo"); nothing if the model is unknown.
std::optional<Encoding> encoding_of_model(std::string_view base_model) noexcept;

// Allocates nothing, except once a thread, and for words (stretches without a break) beyond 1 KiB.
// The time is linear in the length, whatever the text.
std::size_t count(Encoding encoding, std::string_view text);

// Appends the token ids.
void encode(Encoding encoding, std::string_view text, std::vector<std::uint32_t>& ids);

// A count in steps, for texts too long to be counted in one go; the result is that of count().
// The text has to outlive it.
class Counting {
 public:
  Counting(Encoding encoding, std::string_view text) noexcept;
  Counting(Counting&&) noexcept;
  Counting& operator=(Counting&&) noexcept;
  ~Counting();

  // Goes on for about `bytes` bytes (at least one token, at most some hundred bytes more). True
  // when the whole text has been counted.
  bool step(std::size_t bytes);

  // So far; the count of the text once step() has said true.
  std::size_t tokens() const noexcept { return tokens_; }

 private:
  struct GiantWord;

  Encoding encoding_;
  const char* at_;
  const char* end_;
  std::size_t tokens_ = 0;
  std::unique_ptr<GiantWord> giant_;  // the word in whose middle the last step ended
};

}  // namespace tollgate::tokens
