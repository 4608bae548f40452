#include "tokens/generate/trie_builder.hpp"

#include <algorithm>
#include <bit>

namespace tollgate::tokens::generate {
namespace {

constexpr std::size_t most_open_blocks = 24;
constexpr std::uint32_t block_size = 256;
constexpr std::uint32_t no_parent = ~0u;

void set(std::vector<std::uint64_t>& bits, std::uint32_t at) { bits[at / 64] |= std::uint64_t{1} << at % 64; }

// Bit i is bit i ^ x of `bits`.
std::uint64_t exchanged(std::uint64_t bits, unsigned x) {
  constexpr std::uint64_t lower_of_pairs[] = {0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F,
                                              0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0x00000000FFFFFFFF};
  for (unsigned k = 0; k < 6; ++k)
    if (x >> k & 1) bits = (bits & lower_of_pairs[k]) << (1u << k) | (bits >> (1u << k) & lower_of_pairs[k]);
  return bits;
}

}  // namespace

TrieBuilder::TrieBuilder(const std::vector<std::string>& tokens) {
  Words words;
  for (std::uint32_t id = 0; id < tokens.size(); ++id) words.push_back({&tokens[id], id});
  std::sort(words.begin(), words.end(), [](Word a, Word b) { return *a.text < *b.text; });
  open_block();  // stays empty: the children of nodes that have none
  open_blocks_.clear();
  open_block();  // the root's
  open_blocks_.clear();
  place(words, 0, words.size(), 0, no_parent);
}

void TrieBuilder::place(const Words& words, std::size_t first, std::size_t last, std::size_t depth,
                        std::uint32_t parent) {
  while (first != last && words[first].text->size() == depth) ++first;  // the parent's own token
  if (first == last) return;
  std::vector<unsigned char> labels;
  std::vector<std::size_t> starts;
  for (std::size_t i = first; i != last; ++i) {
    const auto label = static_cast<unsigned char>((*words[i].text)[depth]);
    if (!labels.empty() && labels.back() == label) continue;
    labels.push_back(label);
    starts.push_back(i);
  }
  starts.push_back(last);

  const auto base = parent == no_parent ? root_base : find_base(labels);
  set(bases_, base);
  if (parent != no_parent)
    nodes_[parent] = TrieNode::of(base, nodes_[parent].label(), nodes_[parent].token());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Word& word = words[starts[i]];
    const auto token = word.text->size() == depth + 1 ? word.id : no_token;
    nodes_[base ^ labels[i]] = TrieNode::of(0, labels[i], token);
    set(taken_, base ^ labels[i]);
  }
  for (std::size_t i = 0; i < labels.size(); ++i)
    place(words, starts[i], starts[i + 1], depth + 1, base ^ labels[i]);
}

// The first base at which nothing is in the way, 64 looked at together. Two nodes never share a base, or one would
// find the other's children.
std::uint32_t TrieBuilder::find_base(const std::vector<unsigned char>& labels) {
  for (const auto block : open_blocks_) {
    for (std::uint32_t word = 0; word < block_size / 64; ++word) {
      std::uint64_t fitting = ~bases_[block / 64 + word];
      for (std::size_t i = 0; i < labels.size() && fitting; ++i)
        fitting &= ~exchanged(taken_[block / 64 + (word ^ labels[i] / 64u)], labels[i] % 64u);
      if (fitting) return block + word * 64 + static_cast<std::uint32_t>(std::countr_zero(fitting));
    }
  }
  open_block();
  return find_base(labels);
}

void TrieBuilder::open_block() {
  if (open_blocks_.size() == most_open_blocks) open_blocks_.erase(open_blocks_.begin());
  open_blocks_.push_back(static_cast<std::uint32_t>(nodes_.size()));
  nodes_.resize(nodes_.size() + block_size, TrieNode::of(0, TrieNode::no_label, no_token));
  taken_.resize(nodes_.size() / 64);
  bases_.resize(nodes_.size() / 64);
}

}  // namespace tollgate::tokens::generate
