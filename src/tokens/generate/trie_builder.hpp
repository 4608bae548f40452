// Lays the trie of all tokens out as a double array (see TrieNode).
#pragma once

#include "tokens/tables.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tollgate::tokens::generate {

class TrieBuilder {
 public:
  // `tokens` by id.
  explicit TrieBuilder(const std::vector<std::string>& tokens);

  const std::vector<TrieNode>& nodes() const { return nodes_; }

 private:
  struct Word {
    const std::string* text;
    std::uint32_t id;
  };
  using Words = std::vector<Word>;

  // Places the children of the node at `parent`, which stands for the words' first `depth` bytes.
  void place(const Words& words, std::size_t first, std::size_t last, std::size_t depth,
             std::uint32_t parent);
  std::uint32_t find_base(const std::vector<unsigned char>& labels);
  void open_block();

  std::vector<TrieNode> nodes_;
  std::vector<std::uint64_t> taken_;  // a bit for each node
  std::vector<std::uint64_t> bases_;  // the same
  std::vector<std::uint32_t> open_blocks_;  // where there may be room
};

}  // namespace tollgate::tokens::generate
