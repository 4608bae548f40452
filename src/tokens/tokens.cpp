#include "tokens/tokens.hpp"

#include "tokens/bpe.hpp"
#include "tokens/scanner.hpp"
#include "tokens/word_cache.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::tokens {
namespace {

// Words up to here are encoded on the stack; a longer one may be left in its middle.
constexpr std::size_t giant_word_bytes = 1024;

Bytes bytes_of(const char* at) noexcept { return reinterpret_cast<Bytes>(at); }

std::size_t count_by_bpe(const Tables& tables, Memory& memory, Bytes word,
                         std::size_t size) noexcept {
  std::array<std::uint32_t, giant_word_bytes> found;
  std::array<std::uint64_t, giant_word_bytes / 64 + 1> dead;
  std::fill_n(dead.begin(), size / 64 + 1, 0);
  Bpe bpe(tables, memory.pairs, word, size, found.data(), dead.data());
  bpe.run(~std::size_t{0});
  return bpe.count();
}

[[gnu::noinline]] std::size_t count_unknown(const Tables& tables, Memory& memory, Bytes word,
                                            std::size_t size, WordKey key,
                                            std::uint64_t hash) noexcept {
  const auto count = count_by_bpe(tables, memory, word, size);
  memory.words.put(key, hash, count);
  return count;
}

[[gnu::noinline]] std::size_t count_long(const Tables& tables, Memory& memory, Bytes word,
                                         std::size_t size, Bytes end) noexcept {
  if (size > long_word_limit) return count_by_bpe(tables, memory, word, size);
  const auto key = long_key(word, size, end);
  const auto hash = hash_of(key);
  if (const auto known = memory.words.find(key, hash)) return known;
  const auto count = count_by_bpe(tables, memory, word, size);
  memory.words.put(key, hash, count);
  return count;
}

// Words that are a token in every encoding, so that the tables need not be asked, which often costs a
// cache miss: single bytes, and numbers of ASCII digits, which the patterns cut after three.
bool is_surely_token(Bytes word, std::size_t size) noexcept {
  return size == 1 || (words::is_ascii_digit(word[0]) && size <= 3 && word[size - 1] < 0x80);
}

// Counts word by word until `limit` is reached or passed; stops before a giant word.
template <Encoding encoding>
Bytes count_words(Bytes at, Bytes limit, Bytes end, std::size_t& tokens) {
  const Tables tables = tables_of(encoding);
  Memory& memory = memory_of(encoding);
  std::size_t found = 0;
  while (at < limit) {
    const Bytes stop = words::end_of<encoding>(at, end);
    const auto size = static_cast<std::size_t>(stop - at);
    if (is_surely_token(at, size)) {
      ++found;
    } else if (size <= short_word_limit) {
      const auto key = word_key(at, size, end);
      const auto hash = hash_of(key);
      if (tables.has_word(key, hash)) {
        ++found;
      } else {
        const auto known = memory.words.find(key, hash);
        found += known ? known : count_unknown(tables, memory, at, size, key, hash);
      }
    } else if (size <= giant_word_bytes) {
      found += count_long(tables, memory, at, size, end);
    } else {
      break;
    }
    at = stop;
  }
  tokens += found;
  return at;
}

Bytes count_words(Encoding encoding, Bytes at, Bytes limit, Bytes end, std::size_t& tokens) {
  return encoding == Encoding::cl100k_base
             ? count_words<Encoding::cl100k_base>(at, limit, end, tokens)
             : count_words<Encoding::o200k_base>(at, limit, end, tokens);
}

Bytes end_of_word(Encoding encoding, Bytes at, Bytes end) noexcept {
  return encoding == Encoding::cl100k_base ? words::end_of<Encoding::cl100k_base>(at, end)
                                           : words::end_of<Encoding::o200k_base>(at, end);
}

}  // namespace

struct Counting::GiantWord {
  GiantWord(Encoding encoding, Bytes word, std::size_t word_size)
      : tables(tables_of(encoding)),
        size(word_size),
        found(std::make_unique_for_overwrite<std::uint32_t[]>(size)),
        dead(std::make_unique<std::uint64_t[]>(size / 64 + 1)),
        bpe(tables, memory_of(encoding).pairs, word, size, found.get(), dead.get()) {}

  Tables tables;
  std::size_t size;
  std::unique_ptr<std::uint32_t[]> found;
  std::unique_ptr<std::uint64_t[]> dead;
  Bpe bpe;
};

Counting::Counting(Encoding encoding, std::string_view text) noexcept
    : encoding_(encoding), at_(text.data()), end_(text.data() + text.size()) {}
Counting::Counting(Counting&&) noexcept = default;
Counting& Counting::operator=(Counting&&) noexcept = default;
Counting::~Counting() = default;

bool Counting::step(std::size_t bytes) {
  // In a giant word the tokens tried are counted instead of the bytes passed.
  constexpr std::size_t bytes_a_try = 16;
  auto left = static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(
      bytes, bytes_a_try, static_cast<std::size_t>(end_ - at_) + bytes_a_try));
  while (at_ != end_ && left > 0) {
    const char* const before = at_;
    if (!giant_) {
      const Bytes limit = bytes_of(at_ + std::min(left, end_ - at_));
      at_ = reinterpret_cast<const char*>(
          count_words(encoding_, bytes_of(at_), limit, bytes_of(end_), tokens_));
      left -= at_ - before;
      if (left <= 0 || at_ == end_) break;
      const Bytes stop = end_of_word(encoding_, bytes_of(at_), bytes_of(end_));
      giant_ = std::make_unique<GiantWord>(encoding_, bytes_of(at_),
                                           static_cast<std::size_t>(stop - bytes_of(at_)));
    }
    const auto position = giant_->bpe.position();
    if (!giant_->bpe.run(static_cast<std::size_t>(left) / bytes_a_try + 1)) return false;
    left -= static_cast<std::ptrdiff_t>(giant_->size - position);
    tokens_ += giant_->bpe.count();
    at_ += giant_->size;
    giant_.reset();
  }
  return at_ == end_;
}

std::size_t count(Encoding encoding, std::string_view text) {
  if (text.empty()) return 0;
  const Bytes end = bytes_of(text.data()) + text.size();
  std::size_t tokens = 0;
  const Bytes at = count_words(encoding, bytes_of(text.data()), end, end, tokens);
  if (at == end) return tokens;
  Counting rest(encoding, text.substr(static_cast<std::size_t>(at - bytes_of(text.data()))));
  while (!rest.step(~std::size_t{0} / 2)) {
  }
  return tokens + rest.tokens();
}

void encode(Encoding encoding, std::string_view text, std::vector<std::uint32_t>& ids) {
  if (text.empty()) return;
  const Tables tables = tables_of(encoding);
  std::vector<std::uint32_t> found;
  std::vector<std::uint64_t> dead;
  const Bytes end = bytes_of(text.data()) + text.size();
  for (Bytes at = bytes_of(text.data()); at != end;) {
    const Bytes stop = end_of_word(encoding, at, end);
    const auto size = static_cast<std::size_t>(stop - at);
    found.resize(std::max(size, found.size()));
    dead.assign(size / 64 + 1, 0);
    Bpe bpe(tables, memory_of(encoding).pairs, at, size, found.data(), dead.data());
    bpe.run(~std::size_t{0});
    ids.insert(ids.end(), found.begin(), found.begin() + static_cast<std::ptrdiff_t>(bpe.count()));
    at = stop;
  }
}

}  // namespace tollgate::tokens
