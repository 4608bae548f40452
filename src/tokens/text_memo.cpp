#include "tokens/text_memo.hpp"

#include "tokens/hashing.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <random>

namespace tollgate::tokens {
namespace {

struct Entry {
  TextKey key;
  std::uint64_t count;
};

using Entries = std::array<Entry, 4096>;

struct Free {
  void operator()(Entries* entries) const noexcept { std::free(entries); }
};

// Made when the thread first has something to remember; zeroed memory is an empty memo.
thread_local std::unique_ptr<Entries, Free> entries;

using Secrets = std::array<std::uint64_t, 8>;

const Secrets& secrets() {
  static const Secrets random = [] {
    std::random_device device;
    Secrets made;
    for (auto& secret : made) secret = std::uint64_t{device()} << 32 | device();
    return made;
  }();
  return random;
}

std::uint64_t word_at(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

TextKey key_of(std::string_view text, std::uint32_t counted_as) noexcept {
  const Secrets& secret = secrets();
  std::uint64_t first = secret[0] ^ text.size(), second = secret[1];
  const auto mix = [&](const char* at) {
    const auto low = word_at(at), high = word_at(at + 8);
    first = folded_product(low ^ secret[2] ^ first, high ^ secret[3]) + low;
    second = folded_product(low ^ secret[4], high ^ secret[5] ^ second) + high;
  };
  const char* at = text.data();
  const char* const last = at + text.size() - 16;
  for (; at < last; at += 16) mix(at);
  mix(last);
  return {folded_product(first ^ secret[6], second ^ secret[7]),
          folded_product(second ^ secret[6], first ^ secret[7]) ^ first,
          static_cast<std::uint32_t>(text.size()), counted_as};
}

std::optional<std::uint64_t> find_count(const TextKey& key) noexcept {
  if (!entries) return std::nullopt;
  const Entry& entry = (*entries)[key.first % entries->size()];
  return entry.key == key ? std::optional(entry.count) : std::nullopt;
}

void remember_count(const TextKey& key, std::uint64_t count) {
  if (!entries) {
    entries.reset(static_cast<Entries*>(std::calloc(1, sizeof(Entries))));
    if (!entries) throw std::bad_alloc();
  }
  (*entries)[key.first % entries->size()] = {key, count};
}

}  // namespace tollgate::tokens
