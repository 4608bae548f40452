#include "tokens/generate/trie_builder.hpp"

#include <algorithm>

namespace tollgate::tokens::generate {
namespace {

constexpr std::size_t most_open_blocks = 24;
constexpr std::uint32_t block_size = 256;
constexpr std::uint32_t no_parent = ~0u;

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
  is_base_[base] = true;
  if (parent != no_parent)
    nodes_[parent] = TrieNode::of(base, nodes_[parent].label(), nodes_[parent].token());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Word& word = words[starts[i]];
    const auto token = word.text->size() == depth + 1 ? word.id : no_token;
    nodes_[base ^ labels[i]] = TrieNode::of(0, labels[i], token);
    is_taken_[base ^ labels[i]] = true;
  }
  for (std::size_t i = 0; i < labels.size(); ++i)
    place(words, starts[i], starts[i + 1], depth + 1, base ^ labels[i]);
}

std::uint32_t TrieBuilder::find_base(const std::vector<unsigned char>& labels) {
  for (std::size_t i = 0; i < open_blocks_.size(); ++i)
    for (std::uint32_t low = 0; low < block_size; ++low)
      if (const auto base = open_blocks_[i] + low; fits(base, labels)) return base;
  open_block();
  return find_base(labels);
}

// Two nodes never share a base, or one would find the other's children.
bool TrieBuilder::fits(std::uint32_t base, const std::vector<unsigned char>& labels) const {
  return !is_base_[base] && std::none_of(labels.begin(), labels.end(), [&](unsigned char label) {
    return is_taken_[base ^ label];
  });
}

void TrieBuilder::open_block() {
  if (open_blocks_.size() == most_open_blocks) open_blocks_.erase(open_blocks_.begin());
  open_blocks_.push_back(static_cast<std::uint32_t>(nodes_.size()));
  nodes_.resize(nodes_.size() + block_size, TrieNode::of(0, TrieNode::no_label, no_token));
  is_taken_.resize(nodes_.size());
  is_base_.resize(nodes_.size());
}

}  // namespace tollgate::tokens::generate
