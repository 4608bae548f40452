#include "mock_azure/multipart.hpp"

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

// The value of `key="value"` or `key=value` in a header's parameters.
std::string parameter(std::string_view header, std::string_view key) {
  std::size_t at = 0;
  while ((at = header.find(';', at)) != header.npos) {
    ++at;
    while (at < header.size() && header[at] == ' ') ++at;
    const std::string_view rest = header.substr(at);
    if (rest.size() <= key.size() || !iequals(rest.substr(0, key.size()), key) ||
        rest[key.size()] != '=') {
      continue;
    }
    std::string_view value = rest.substr(key.size() + 1);
    if (!value.empty() && value.front() == '"') {
      value.remove_prefix(1);
      return std::string(value.substr(0, value.find('"')));
    }
    return std::string(value.substr(0, value.find(';')));
  }
  return {};
}

Part read_part_head(std::string_view head) {
  Part part;
  while (!head.empty()) {
    const std::size_t eol = head.find("\r\n");
    const std::string_view line = head.substr(0, eol);
    const std::size_t colon = line.find(':');
    if (colon != line.npos) {
      const std::string_view value = line.substr(colon + 1);
      if (iequals(line.substr(0, colon), "content-disposition")) {
        part.name = parameter(value, "name");
        part.filename = parameter(value, "filename");
      } else if (iequals(line.substr(0, colon), "content-type")) {
        part.content_type = value.substr(value.find_first_not_of(' ') == value.npos
                                             ? 0
                                             : value.find_first_not_of(' '));
      }
    }
    if (eol == head.npos) break;
    head.remove_prefix(eol + 2);
  }
  return part;
}

}  // namespace

const Part* Form::find(std::string_view name) const {
  for (const Part& part : parts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

std::string Form::text(std::string_view name, std::string fallback) const {
  const Part* part = find(name);
  return part != nullptr ? std::string(part->content) : fallback;
}

std::optional<Form> parse_form(std::string_view content_type, std::string_view body) {
  constexpr std::string_view kind = "multipart/form-data";
  if (content_type.size() < kind.size() || !iequals(content_type.substr(0, kind.size()), kind)) {
    return std::nullopt;
  }
  const std::string boundary = parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > 256) return std::nullopt;
  const std::string opening = "--" + boundary;
  const std::string closing = "\r\n" + opening;

  std::size_t at = body.find(opening);
  if (at == body.npos) return std::nullopt;
  at += opening.size();
  Form form;
  while (body.substr(at, 2) == "\r\n") {
    at += 2;
    const std::size_t head_end = body.find("\r\n\r\n", at);
    if (head_end == body.npos) return std::nullopt;
    const std::size_t content = head_end + 4;
    const std::size_t end = body.find(closing, content);
    if (end == body.npos) return std::nullopt;
    Part part = read_part_head(body.substr(at, head_end - at));
    part.content = body.substr(content, end - content);
    form.parts.push_back(std::move(part));
    at = end + closing.size();
  }
  if (body.substr(at, 2) != "--") return std::nullopt;
  return form;
}

}  // namespace tollgate::mock
