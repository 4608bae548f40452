// Makes the table files that go into the program from the data files of src/tokens/data.
//
//   generate tables VOCABULARY OUT    the tables of one encoding
//   generate classes RANGES OUT       the character classes
#include "tokens/bpe_rules.hpp"
#include "tokens/classes.hpp"
#include "tokens/generate/perfect_hash.hpp"
#include "tokens/generate/trie_builder.hpp"
#include "tokens/tables.hpp"

#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tollgate::tokens::generate {
namespace {

std::vector<std::string> read_vocabulary(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::string> tokens;
  for (char length; in.get(length);) {
    std::string token(static_cast<unsigned char>(length), '\0');
    if (!in.read(token.data(), static_cast<std::streamsize>(token.size())))
      throw std::runtime_error("the vocabulary ends in a token");
    tokens.push_back(std::move(token));
  }
  if (tokens.size() < 256 || tokens.size() >= no_token)
    throw std::runtime_error("the vocabulary has an impossible number of tokens");
  return tokens;
}

// The merges, found token by token: the two halves of a token are the one pair of tokens, older
// than itself, that spells it and that BPE leaves standing beside each other.
class Merges {
 public:
  explicit Merges(const std::vector<std::string>& tokens) : tokens_(tokens) {
    for (std::uint32_t id = 0; id < tokens.size(); ++id) ids_[tokens[id]] = id;
    for (std::uint32_t id = 0; id < tokens.size(); ++id) add(id);
  }

  TokenFacts facts(std::uint32_t token) const { return facts_[token]; }
  std::uint32_t merged(std::uint32_t left, std::uint32_t right) const {
    const auto found = pairs_.find(pair_key(left, right));
    return found == pairs_.end() ? no_token : found->second;
  }
  const std::unordered_map<std::uint64_t, std::uint32_t>& pairs() const { return pairs_; }

 private:
  std::uint32_t id_of(std::string_view text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? no_token : found->second;
  }

  void add(std::uint32_t id) {
    const std::string_view text = tokens_[id];
    const auto length = static_cast<unsigned>(text.size());
    if (length == 1) {
      facts_.push_back(TokenFacts::of(id, id, no_token, 1));
      return;
    }
    std::uint32_t shorter = no_token, left = no_token, right = no_token;
    for (unsigned cut = length - 1; cut > 0 && left == no_token; --cut) {
      const auto prefix = id_of(text.substr(0, cut));
      if (prefix == no_token) continue;
      if (shorter == no_token) shorter = prefix;
      const auto rest = id_of(text.substr(cut));
      if (prefix >= id || rest == no_token || rest >= id || !may_stand_beside(*this, prefix, rest))
        continue;
      left = prefix;
      right = rest;
    }
    // The counter's method rests on every token being reached by merges.
    if (left == no_token) throw std::runtime_error("a token is not made of two others");
    facts_.push_back(TokenFacts::of(left, right, shorter, length));
    pairs_.emplace(pair_key(left, right), id);
  }

  const std::vector<std::string>& tokens_;
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  std::unordered_map<std::uint64_t, std::uint32_t> pairs_;
  std::vector<TokenFacts> facts_;
};

WordKey key_of(const std::string& word) {
  unsigned char bytes[16] = {};
  std::memcpy(bytes, word.data(), word.size());
  bytes[15] = static_cast<unsigned char>(word.size());
  WordKey key;
  std::memcpy(&key, bytes, 16);
  return key;
}

// Appends at the next multiple of a cache line; returns where.
template <class T>
std::uint32_t append(std::string& file, const std::vector<T>& items) {
  file.resize((file.size() + 63) / 64 * 64);
  const auto at = static_cast<std::uint32_t>(file.size());
  file.append(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T));
  return at;
}

std::string make_tables(const char* vocabulary) {
  const auto tokens = read_vocabulary(vocabulary);
  const Merges merges(tokens);
  TableHeader header{};
  std::string file(sizeof header, '\0');

  header.tokens = static_cast<std::uint32_t>(tokens.size());
  std::vector<TokenFacts> facts;
  for (std::uint32_t id = 0; id < tokens.size(); ++id) facts.push_back(merges.facts(id));
  header.facts_at = append(file, facts);
  header.trie_at = append(file, TrieBuilder(tokens).nodes());

  std::vector<WordKey> words;
  std::vector<std::uint64_t> hashes;
  for (const auto& token : tokens) {
    if (token.size() > short_word_limit) continue;
    words.push_back(key_of(token));
    hashes.push_back(hash_of(words.back()));
  }
  const auto word_hash = make_perfect_hash(hashes);
  std::vector<WordKey> word_slots(word_hash.slots, WordKey{0, 0});
  for (std::size_t i = 0; i < words.size(); ++i) word_slots[word_hash.slot_of_key[i]] = words[i];
  header.word_slots = word_hash.slots;
  header.word_bucket_bits = word_hash.bucket_bits;
  header.word_slots_at = append(file, word_slots);
  header.word_pilots_at = append(file, word_hash.pilots);

  std::vector<PairSlot> pairs;
  hashes.clear();
  for (std::uint32_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].size() == 1) continue;
    const auto key = pair_key(facts[id].left(), facts[id].right());
    pairs.push_back(PairSlot::of(key, id));
    hashes.push_back(hash_of_pair(key));
  }
  const auto pair_hash = make_perfect_hash(hashes);
  std::vector<PairSlot> pair_slots(pair_hash.slots, PairSlot{~std::uint64_t{0}});
  for (std::size_t i = 0; i < pairs.size(); ++i) pair_slots[pair_hash.slot_of_key[i]] = pairs[i];
  header.pair_slots = pair_hash.slots;
  header.pair_bucket_bits = pair_hash.bucket_bits;
  header.pair_slots_at = append(file, pair_slots);
  header.pair_pilots_at = append(file, pair_hash.pilots);

  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

std::string make_classes(const char* ranges) {
  static const std::map<std::string, Class> names{
      {"upper", Class::upper}, {"lower", Class::lower},   {"letter", Class::letter},
      {"mark", Class::mark},   {"number", Class::number}, {"space", Class::space}};
  std::string classes(0x110000, static_cast<char>(Class::other));
  std::ifstream in(ranges);
  std::size_t first = 0, last = 0;
  for (std::string name; in >> std::hex >> first >> last >> name;)
    std::fill(classes.begin() + static_cast<std::ptrdiff_t>(first),
              classes.begin() + static_cast<std::ptrdiff_t>(last) + 1,
              static_cast<char>(names.at(name)));
  classes['\r'] = classes['\n'] = static_cast<char>(Class::newline);

  constexpr std::size_t block_size = std::size_t{1} << class_block_bits;
  std::map<std::string, std::size_t> known;
  std::string blocks, file;
  for (std::size_t at = 0; at < classes.size(); at += block_size) {
    const auto block = classes.substr(at, block_size);
    const auto [found, is_new] = known.emplace(block, known.size());
    if (is_new) blocks += block;
    file += static_cast<char>(found->second);
  }
  if (known.size() > 256) throw std::runtime_error("more kinds of blocks than a byte can name");
  return file + blocks;
}

}  // namespace
}  // namespace tollgate::tokens::generate

int main(int argc, char** argv) try {
  using namespace tollgate::tokens::generate;
  if (argc != 4) return 2;
  const auto file =
      std::string_view(argv[1]) == "tables" ? make_tables(argv[2]) : make_classes(argv[2]);
  std::ofstream out(argv[3], std::ios::binary);
  return out.write(file.data(), static_cast<std::streamsize>(file.size())).flush() ? 0 : 1;
} catch (const std::exception& problem) {
  std::cerr << "token tables: " << problem.what() << '\n';
  return 1;
}
