// multipart/form-data bodies (RFC 7578), as uploads and audio use them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::mock {

struct Part {
  std::string name, filename, content_type;
  std::string_view content;  // a view into the body
};

struct Form {
  std::vector<Part> parts;
  const Part* find(std::string_view name) const;  // null when absent
  std::string text(std::string_view name, std::string fallback = {}) const;
};

// Empty when `content_type` is no multipart or the body does not keep to its boundary.
std::optional<Form> parse_form(std::string_view content_type, std::string_view body);

}  // namespace tollgate::mock
