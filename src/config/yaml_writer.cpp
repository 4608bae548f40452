#include "config/yaml_writer.hpp"

#include <algorithm>
#include <cctype>

namespace tollgate::config {
namespace {

// Words that read back the same without quotes, in a list as well.
bool is_safe_plain(const std::string& text) {
  if (text.empty()) return false;
  bool starts_safely =
      std::isalnum(static_cast<unsigned char>(text.front())) || text.front() == '/' ||
      text.front() == '$';
  return starts_safely && text.back() != ':' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || std::string_view("_-./:%$+@").find(static_cast<char>(c)) !=
                                         std::string_view::npos;
         });
}

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    c == '\n' ? out += "\\n" : out += c;
  }
  return out + "\"";
}

std::string plain_or_quoted(const std::string& text) {
  return is_safe_plain(text) ? text : in_quotes(text);
}

std::string inline_value(const Node& value) {
  std::string text;
  switch (value.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::scalar:
      return value.is_quoted ? in_quotes(value.text) : plain_or_quoted(value.text);
    case Node::Kind::list:
      for (const Node& item : value.items) text += (text.empty() ? "" : ", ") + inline_value(item);
      return "[" + text + "]";
    case Node::Kind::map:
      for (const Entry& entry : value.entries)
        text += (text.empty() ? "" : ", ") + plain_or_quoted(entry.name) + ": " +
                inline_value(entry.value);
      return "{" + text + "}";
  }
  return text;
}

}  // namespace

void YamlWriter::open(const std::string& name) {
  line(plain_or_quoted(name) + ":");
  ++depth_;
}

void YamlWriter::close() { --depth_; }

void YamlWriter::open_item() {
  ++depth_;
  ++items_;
  is_start_of_item_ = true;
}

void YamlWriter::close_item() {
  --depth_;
  --items_;
}

void YamlWriter::given(const std::string& name, const Node& value) {
  line(name + ": " + inline_value(value));
}

void YamlWriter::by_default(const std::string& name, const std::string& value) {
  line(name + ": " + plain_or_quoted(value) + "  # default");
}

void YamlWriter::by_default(const std::string& name, const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values)
    list += (list.empty() ? "" : ", ") + plain_or_quoted(value);
  line(name + ": [" + list + "]  # default");
}

void YamlWriter::unset(const std::string& name) {
  if (items_ == 0) line("# " + name + ": not set");
}

void YamlWriter::line(const std::string& text) {
  text_.append(depth_ * 2, ' ');
  if (is_start_of_item_) text_.replace(text_.size() - 2, 2, "- ");
  is_start_of_item_ = false;
  text_ += text;
  text_ += '\n';
}

}  // namespace tollgate::config
