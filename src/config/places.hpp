// Where a field was written, for checks that need more than one field.
#pragma once

#include "config/yaml_tree.hpp"

#include <string>
#include <string_view>

namespace tollgate::config {

inline std::string to_text(const Location& where) { return where.file + ":" + std::to_string(where.line); }

inline bool is_said(const Node* node, std::string_view field) { return node && node->find(field); }

// Where the value of `field` stands; `otherwise` when it is not written.
inline Location place_of(const Node* node, std::string_view field, const Location& otherwise) {
  const Entry* entry = node ? node->find(field) : nullptr;
  return entry ? entry->value.where : otherwise;
}

}  // namespace tollgate::config
