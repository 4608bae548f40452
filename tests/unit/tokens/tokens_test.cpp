#include "tokens/tokens.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <new>
#include <random>
#include <string>

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

// Not inlined, or GCC takes malloc and delete for a pair that does not match.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace tollgate::tokens {
namespace {

constexpr Encoding both[] = {Encoding::cl100k_base, Encoding::o200k_base};

std::vector<std::uint32_t> ids_of(Encoding encoding, std::string_view text) {
  std::vector<std::uint32_t> ids;
  encode(encoding, text, ids);
  return ids;
}

std::size_t count_in_steps(Encoding encoding, std::string_view text, std::size_t bytes) {
  Counting counting(encoding, text);
  while (!counting.step(bytes)) {
  }
  return counting.tokens();
}

// Pieces of all the classes that the patterns tell apart, some of them cut off.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces{" ",
                                               "  ",
                                               "\n",
                                               "\r\n",
                                               "\t",
                                               "\v",
                                               "\xc2\xa0",
                                               "\xe3\x80\x80",
                                               "a",
                                               "word",
                                               "HTTP",
                                               "Case",
                                               "'s",
                                               "'LL",
                                               "'\xc5\xbf",
                                               "'",
                                               "1",
                                               "2024",
                                               "\xd9\xa3",
                                               ".",
                                               "...",
                                               "//",
                                               "/*",
                                               "\xe6\x97\xa5",
                                               "\xe0\xa4\x95\xe0\xa5\x8d",
                                               "\xcc\x81",
                                               "\xd0\x96\xd0\xb6",
                                               "\xc7\x85",
                                               "\xca\xb0",
                                               "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
                                               "\xff",
                                               "\xe6\x97",
                                               "\xf0\x9f",
                                               std::string(1, 0),
                                               "<|endoftext|>",
                                               "aaaaaaaaaaaaaaaaaaaa",
                                               "Donaudampfschifffahrt"};
  std::string text;
  for (auto left = random() % 40; left > 0; --left) text += pieces[random() % pieces.size()];
  return text;
}

// One JSON object a line: text, and the ids of the reference (tiktoken) in both encodings.
TEST(Tokens, AreThoseOfTheReference) {
  std::ifstream in(TOLLGATE_SOURCE_DIR "/tests/unit/tokens/vectors.jsonl");
  int vectors = 0;
  for (std::string line; std::getline(in, line); ++vectors) {
    const auto vector = nlohmann::json::parse(line);
    const auto text = vector.at("text").get<std::string>();
    for (const auto encoding : both) {
      const auto expected = vector.at(name_of(encoding)).get<std::vector<std::uint32_t>>();
      EXPECT_EQ(ids_of(encoding, text), expected) << name_of(encoding) << ": " << line;
      EXPECT_EQ(count(encoding, text), expected.size()) << name_of(encoding) << ": " << line;
    }
  }
  EXPECT_GT(vectors, 100);
}

TEST(Tokens, AreCountedAsTheyAreEncodedWhateverTheBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const auto text = random_text(random);
    for (const auto encoding : both) {
      const auto expected = ids_of(encoding, text).size();
      EXPECT_EQ(count(encoding, text), expected) << text;
      EXPECT_EQ(count_in_steps(encoding, text, 1 + random() % 50), expected) << text;
    }
  }
}

TEST(Tokens, OfANumberAreOneForThreeDigits) {
  for (const auto encoding : {Encoding::cl100k_base, Encoding::o200k_base}) {
    for (int number = 0; number < 1110; ++number) {
      // One digit, two and three: 0 to 9, 00 to 99, 000 to 999.
      const std::string digits = number < 10 ? std::to_string(number)
                                 : number < 110 ? std::to_string(number + 90).substr(1)
                                                : std::to_string(number + 890).substr(1);
      std::vector<std::uint32_t> ids;
      encode(encoding, digits, ids);
      EXPECT_EQ(ids.size(), 1u) << digits;
      EXPECT_EQ(count(encoding, digits), 1u) << digits;
    }
    for (const char* const text : {"1234567", "12\u0663", "1\u00b2\u00b3", "12\u00b2 1", "1\xff", "9", "12a", "1,234.50"}) {
      std::vector<std::uint32_t> ids;
      encode(encoding, text, ids);
      EXPECT_EQ(count(encoding, text), ids.size()) << text;
    }
  }
}

TEST(Tokens, OfNothingAreNone) {
  for (const auto encoding : both) {
    EXPECT_EQ(count(encoding, {}), 0u);
    EXPECT_EQ(count_in_steps(encoding, "", 1), 0u);
  }
}

TEST(Tokens, OfALongWordAreTheSameInSteps) {
  std::string word;
  std::mt19937 random(2);
  while (word.size() < 20000) word += static_cast<char>('a' + random() % 26);
  for (const auto encoding : both) {
    const auto expected = ids_of(encoding, word).size();
    EXPECT_EQ(count(encoding, word), expected);
    EXPECT_EQ(count_in_steps(encoding, "so " + word + " is", 100), expected + 2 + 1 - 1);
  }
}

TEST(Tokens, AreCountedInLinearTime) {
  struct Case {
    const char* piece;
    int limit_ms;  // for a million bytes, in a release
  };
#if defined(NDEBUG)
  constexpr int slack = 1;
#else
  constexpr int slack = 20;
#endif
  for (const auto encoding : both) {
    // Of runs of a symbol there are tokens of many lengths, so more of them are tried.
    for (const Case& c : {Case{"a", 100}, Case{"ab", 100}, Case{"\xe6\x97\xa5", 100},
                          Case{" ", 500}, Case{"\n", 500}, Case{"=", 500}, Case{"9", 500}}) {
      std::string text;
      while (text.size() < 1'000'000) text += c.piece;
      const auto start = std::chrono::steady_clock::now();
      EXPECT_GT(count(encoding, text), 0u);
      EXPECT_LT(std::chrono::steady_clock::now() - start,
                std::chrono::milliseconds(slack * c.limit_ms))
          << c.piece;
    }
  }
}

TEST(Tokens, AreCountedWithoutAllocating) {
  const std::string text =
      "Counting \xd0\xb2\xd1\x81\xd0\xb5 the words, 12345 of them: " + std::string(900, 'x') +
      "\n\n  don't\n";
  for (const auto encoding : both) count(encoding, text);  // once a thread
  const auto before = allocations;
  for (const auto encoding : both) count(encoding, text);
  EXPECT_EQ(allocations, before);
}

TEST(Models, HaveTheEncodingOfTheLongestPrefix) {
  for (const char* model :
       {"gpt-4o", "gpt-4o-mini-2024-07-18", "gpt-4.1-nano", "gpt-4.5-preview", "o1", "o3-mini",
        "o4-mini", "gpt-5", "gpt-5.1-chat", "chatgpt-4o-latest", "gpt-oss-120b"})
    EXPECT_EQ(encoding_of_model(model), Encoding::o200k_base) << model;
  for (const char* model : {"gpt-4", "gpt-4-32k", "gpt-4-turbo", "gpt-3.5-turbo",
                            "gpt-35-turbo-16k", "text-embedding-ada-002", "text-embedding-3-large"})
    EXPECT_EQ(encoding_of_model(model), Encoding::cl100k_base) << model;
  EXPECT_EQ(encoding_of_model("llama-3"), std::nullopt);
  EXPECT_EQ(encoding_of_model(""), std::nullopt);
}

TEST(Encodings, HaveNames) {
  EXPECT_EQ(encoding_named("cl100k_base"), Encoding::cl100k_base);
  EXPECT_EQ(encoding_named("o200k_base"), Encoding::o200k_base);
  EXPECT_EQ(encoding_named("o200k_harmony"), Encoding::o200k_base);
  EXPECT_EQ(encoding_named("p50k_base"), std::nullopt);
}

}  // namespace
}  // namespace tollgate::tokens
