#include "http/text.hpp"

#include "base/ascii.hpp"
#include "http/byte_scan.hpp"

#include <algorithm>
#include <array>

namespace tollgate::http {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

using base::hex_value;

// Takes the part before the first `separator` off the front of `rest`.
std::string_view take_part(std::string_view& rest, char separator) noexcept {
  const std::size_t at = rest.find(separator);
  const auto part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return part;
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
  const auto size = a.size();
  if (size != b.size()) return false;
  if (size < 8) {
    for (std::size_t i = 0; i != size; ++i)
      if (to_lower(a[i]) != to_lower(b[i])) return false;
    return true;
  }
  for (std::size_t i = 0; i < size - 8; i += 8)
    if (lower_eight(a.data() + i) != lower_eight(b.data() + i)) return false;
  return lower_eight(a.data() + size - 8) == lower_eight(b.data() + size - 8);  // may overlap
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_element(std::string_view& list) noexcept { return trim(take_part(list, ',')); }

bool has_token(std::string_view list, std::string_view token) noexcept {
  while (!list.empty())
    if (iequals(take_element(list), token)) return true;
  return false;
}

bool is_media_type(std::string_view content_type, std::string_view type) noexcept {
  return iequals(trim(content_type.substr(0, content_type.find(';'))), type);
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::optional<std::string_view> query_parameter(std::string_view query,
                                                std::string_view name) noexcept {
  while (!query.empty()) {
    auto value = take_part(query, '&');
    if (take_part(value, '=') == name) return value;
  }
  return std::nullopt;
}

}  // namespace tollgate::http
