// Cuts a text into words: the patterns of the encodings, written out by hand.
//
//   cl100k: '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|
//   ?[^\s\p{L}\p{N}]++[\r\n]*+
//           |\s++$|\s*[\r\n]|\s+(?!\S)|\s
//   o200k: [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+CONTRACTION?
//           |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*CONTRACTION?
//           |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
//           CONTRACTION: (?i:'s|'t|'re|'ve|'m|'ll|'d)
#pragma once

#include "tokens/ascii_block.hpp"
#include "tokens/classes.hpp"
#include "tokens/tokens.hpp"

#include <cstddef>

namespace tollgate::tokens {

using Bytes = const unsigned char*;

// How many bytes of a contraction stand at `at`, the apostrophe included; 0 if none does. Without
// regard to case the long s (U+017F) is an s.
inline std::size_t contraction_at(Bytes at, Bytes end) noexcept {
  if (end - at < 2 || *at != '\'') return 0;
  const unsigned first = at[1] | 0x20u;
  if (at[1] < 0x80) {
    if (first == 's' || first == 'd' || first == 'm' || first == 't') return 2;
    if (end - at < 3 || at[2] >= 0x80) return 0;
    const unsigned second = at[2] | 0x20u;
    const bool is_long = (first == 'l' && second == 'l') || (first == 'v' && second == 'e') ||
                         (first == 'r' && second == 'e');
    return is_long ? 3 : 0;
  }
  return end - at >= 3 && at[1] == 0xc5 && at[2] == 0xbf ? 3 : 0;
}

namespace words {

// The end of the run of characters that `belongs` to, from `at` on.
template <class Belongs>
Bytes run_end(Bytes at, Bytes end, Belongs belongs) noexcept {
  while (at != end) {
    const Char c = char_at(at, end);
    if (!belongs(c.kind)) break;
    at += c.bytes;
  }
  return at;
}

// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+ or else
// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+ ; `at` itself if neither is there.
inline Bytes cased_run_end(Bytes at, Bytes end) noexcept {
  Bytes after_caseless = nullptr;  // behind the last letter or mark that may end the first form
  while (at != end) {
    const Char c = char_at(at, end);
    if (c.kind == Class::lower)
      return run_end(at, end, [](Class k) { return k >= Class::lower && k <= Class::mark; });
    if (c.kind < Class::upper || c.kind > Class::mark) break;
    at += c.bytes;
    if (c.kind != Class::upper) after_caseless = at;
  }
  return after_caseless ? after_caseless : at;
}

inline Bytes number_end(Bytes at, Bytes end) noexcept {
  for (int i = 0; i < 3 && at != end; ++i) {
    const Char c = char_at(at, end);
    if (c.kind != Class::number) break;
    at += c.bytes;
  }
  return at;
}

inline bool is_ascii_digit(unsigned char byte) noexcept { return byte >= '0' && byte <= '9'; }

// The same as number_end() where an ASCII digit begins.
inline Bytes digits_end(Bytes at, Bytes end) noexcept {
  Bytes stop = at + 1;
  while (stop != end && stop - at < 3 && is_ascii_digit(*stop)) ++stop;
  const bool may_go_on = stop != end && stop - at < 3 && *stop >= 0x80;
  return may_go_on ? number_end(at, end) : stop;
}

// ` ?[^\s\p{L}\p{N}]+` and the line ends (in o200k also slashes) behind it; nullptr if it is not
// there.
template <Encoding encoding>
Bytes symbols_end(Bytes at, Bytes end) noexcept {
  const Bytes start = at + (*at == ' ');
  at = run_end(start, end, is_symbol);
  if (at == start) return nullptr;
  while (at != end &&
         (*at == '\n' || *at == '\r' || (encoding == Encoding::o200k_base && *at == '/')))
    ++at;
  return at;
}

template <Encoding encoding>
Bytes space_end(Bytes at, Bytes end) noexcept {
  Bytes after_newline = nullptr;
  Bytes last = at;  // the last character of the run
  Bytes next = at;
  while (next != end) {
    const Char c = char_at(next, end);
    if (!is_space(c.kind)) break;
    last = next;
    next += c.bytes;
    if (c.kind == Class::newline) after_newline = next;
  }
  if (next == end && (encoding == Encoding::cl100k_base || !after_newline)) return end;
  if (after_newline) return after_newline;
  return last == at ? next : last;  // the last one belongs to the word that follows
}

// The end of the word that starts at `at`, by the pattern and nothing else. REQUIRES: at != end.
template <Encoding encoding>
Bytes end_of_any(Bytes at, Bytes end) noexcept {
  const Char first = char_at(at, end);
  const bool may_lead = is_symbol(first.kind) || first.kind == Class::space;
  if constexpr (encoding == Encoding::cl100k_base) {
    if (const auto contraction = contraction_at(at, end)) return at + contraction;
    if (is_letter(first.kind)) return run_end(at + first.bytes, end, is_letter);
    if (may_lead) {
      const Bytes word = at + first.bytes;
      if (const Bytes stop = run_end(word, end, is_letter); stop != word) return stop;
    }
  } else {
    const bool is_word = is_letter(first.kind) || first.kind == Class::mark;
    const Bytes word = may_lead && !is_word ? at + first.bytes : at;
    if (is_word || may_lead)
      if (const Bytes stop = cased_run_end(word, end); stop != word)
        return stop + contraction_at(stop, end);
  }
  if (first.kind == Class::number) return number_end(at, end);
  if (const Bytes stop = symbols_end<encoding>(at, end)) return stop;
  return space_end<encoding>(at, end);
}

// Whether the character may stand before the letters of a word, or is a letter itself, as a shift:
// 1 and 0; 2 for digits, 3 for all that is left to end_of_any().
template <Encoding encoding>
inline constexpr auto ascii_lead = [] {
  struct {
    unsigned char of[256];
  } lead{};
  for (int c = 0; c < 256; ++c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_left = c >= 0x80 || c == '\n' || c == '\r' ||
                         (c == '\'' && encoding == Encoding::cl100k_base);
    lead.of[c] = is_letter ? 0 : c >= '0' && c <= '9' ? 2 : is_left ? 3 : 1;
  }
  return lead;
}();

// The same as end_of_any(), quick for what most words are: ASCII letters with or without a
// character before them, up to 15 bytes, and numbers.
template <Encoding encoding>
Bytes end_of(Bytes at, Bytes end) noexcept {
  const unsigned shift = ascii_lead<encoding>.of[*at];
  if (shift == 2) return digits_end(at, end);
  if (shift == 3 || end - at < 16) return end_of_any<encoding>(at, end);
  const AsciiBlock block(at);
  unsigned size = shift;
  if constexpr (encoding == Encoding::cl100k_base) {
    size += static_cast<unsigned>(std::countr_zero(~(block.letters >> shift)));
  } else {
    size += static_cast<unsigned>(std::countr_zero(~(block.upper >> shift)));
    size += static_cast<unsigned>(std::countr_zero(~((block.letters & ~block.upper) >> size)));
  }
  // Behind the letters may follow others that are not ASCII, or a contraction.
  if (size == shift || size > 15 || at[size] >= 0x80 ||
      (encoding == Encoding::o200k_base && at[size] == '\''))
    return end_of_any<encoding>(at, end);
  return at + size;
}

}  // namespace words
}  // namespace tollgate::tokens
