// YAML text as a plain tree in which every word knows its place.
//
// The parser hands out events; the tree is built here and not by yaml-cpp, because yaml-cpp's own
// nodes keep only the last of two equal keys, expand aliases without bound and lose the place of
// keys.
#pragma once

#include "config/problem.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::config {

struct Entry;

struct Node {
  enum class Kind : unsigned char { null, scalar, list, map };
  Kind kind = Kind::null;
  bool is_quoted = false;  // "8080" in quotes is text, not a number
  Location where;
  std::string text;            // scalar
  std::vector<Node> items;     // list
  std::vector<Entry> entries;  // map, in file order, names distinct

  const Entry* find(std::string_view name) const noexcept;
  const char* kind_name() const noexcept;  // "a list", for messages: "but this is a list"
};

struct Entry {
  std::string name;
  Location where;  // of the name
  Node value;
};

// The bounds of what is read; above them the text is refused rather than obeyed.
inline constexpr std::size_t max_file_bytes = 4 * 1024 * 1024;
inline constexpr std::size_t max_nodes = 250'000;       // in one file
inline constexpr std::size_t max_alias_nodes = 20'000;  // copied by aliases, in one file
inline constexpr std::size_t max_depth = 32;

// Reads one document. Refuses, into `problems`: what is not YAML, not UTF-8, tabs as indentation,
// duplicate keys, more than one document, tags, directives, merge keys, too much. The tree holds
// what could be read; it is a null node when nothing could.
Node read_yaml(std::string_view text, const std::string& file, Problems& problems);

}  // namespace tollgate::config
