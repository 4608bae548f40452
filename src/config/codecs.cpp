#include "config/codecs.hpp"

#include "config/nearest.hpp"
#include "config/secrets.hpp"
#include "config/text_file.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace tollgate::config {
namespace {

std::string one_of(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

bool is_plain_scalar(const Node& node) {
  return node.kind == Node::Kind::scalar && !node.is_quoted;
}

template <class T>
void refuse_out_of_range(const Node& node, T least, T most, std::string (*show)(T),
                         Context& context) {
  context.refuse(node.where, cited(node.text) + " is out of range; write a value from " +
                                 show(least) + " to " + show(most));
}

}  // namespace

bool expect_scalar(const Node& node, const std::string& example, Context& context) {
  if (node.kind == Node::Kind::scalar) return true;
  context.refuse(node.where, std::string("a single value such as ") + example +
                                 " is expected here, but this is " + node.kind_name());
  return false;
}

bool expect_list(const Node& node, const std::string& example, Context& context) {
  if (node.kind == Node::Kind::list && !node.items.empty()) return true;
  context.refuse(node.where,
                 "a list such as " + example + " is expected here, but this is " +
                     (node.kind == Node::Kind::list ? "an empty one" : node.kind_name()));
  return false;
}

bool expect_names(const Node& node, const std::string& section, const std::string& example,
                  Context& context) {
  if (node.kind == Node::Kind::map && !node.entries.empty()) return true;
  context.refuse(node.where, section + " needs names, such as " + example + ", but this is " +
                                 (node.kind == Node::Kind::map ? "empty" : node.kind_name()));
  return false;
}

bool check_name(const Entry& entry, Context& context) {
  if (is_name(entry.name)) return true;
  context.refuse(entry.where,
                 cited(entry.name) +
                     " is not a name; use letters, digits and . _ : - (128 at most), a letter or "
                     "digit first");
  return false;
}

void TextValue::read(const Node& node, std::string& value, Context& context) const {
  constexpr std::size_t longest = 256;
  if (!expect_scalar(node, sample, context)) return;
  bool is_one_line = std::none_of(node.text.begin(), node.text.end(),
                                  [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (node.text.empty() || node.text.size() > longest || !is_one_line)
    return context.refuse(node.where,
                          "one line of 1 to 256 bytes is expected here, such as " + sample);
  value = node.text;
}

std::string TextValue::schema() const {
  return R"({"type":["string","number"],"minLength":1,"maxLength":256})";
}

void NameValue::read(const Node& node, std::string& value, Context& context) const {
  if (!expect_scalar(node, sample, context)) return;
  if (!is_name(node.text))
    return context.refuse(
        node.where,
        cited(node.text) + " is not a name; use letters, digits and . _ : - such as " + sample);
  value = node.text;
}

std::string NameValue::schema() const {
  return pattern_or_number_schema(name_pattern, "number");
}

void FlagValue::read(const Node& node, bool& value, Context& context) const {
  if (!expect_scalar(node, "true or false", context)) return;
  if (is_plain_scalar(node) && (node.text == "true" || node.text == "false")) {
    value = node.text == "true";
    return;
  }
  std::string word = node.text;
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  bool is_yes = word == "yes" || word == "on" || word == "true" || word == "1";
  bool is_no = word == "no" || word == "off" || word == "false" || word == "0";
  context.refuse(node.where,
                 cited(node.text) + " is not true or false" +
                     (node.is_quoted && (is_yes || is_no) ? "; write it without quotes" : ""),
                 is_yes  ? "true"
                 : is_no ? "false"
                         : "");
}

void CountValue::read(const Node& node, int& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  if (node.is_quoted)
    return context.refuse(node.where, "a number is expected here; write it without quotes");
  Fault fault;
  auto count = parse_count(node.text, fault);
  if (!count) return context.refuse(node.where, std::move(fault));
  if (*count < least || *count > most)
    return refuse_out_of_range<int>(
        node, least, most, [](int n) { return std::to_string(n); }, context);
  value = static_cast<int>(*count);
}

std::string CountValue::schema() const {
  return integer_schema(least, most);
}

void DurationValue::read(const Node& node, Milliseconds& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  auto duration = parse_duration(node.text, fault);
  if (!duration) return context.refuse(node.where, std::move(fault));
  if (*duration < least || *duration > most)
    return refuse_out_of_range<Milliseconds>(node, least, most, to_text, context);
  value = *duration;
}

std::string DurationValue::schema() const { return pattern_schema("^[0-9]+(ms|s|m|h)$"); }

void SizeValue::read(const Node& node, std::size_t& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  auto size = parse_size(node.text, fault);
  if (!size) return context.refuse(node.where, std::move(fault));
  if (*size < least || *size > most)
    return refuse_out_of_range<std::size_t>(node, least, most, size_to_text, context);
  value = *size;
}

std::string SizeValue::schema() const { return pattern_schema("^[0-9]+(B|KiB|MiB|GiB)$"); }

void RateValue::read(const Node& node, std::int64_t& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  auto rate = parse_rate(node.text, fault);
  if (!rate) return context.refuse(node.where, std::move(fault));
  if (*rate == 0) return context.refuse(node.where, "a rate above 0 is expected here");
  value = *rate;
}

std::string RateValue::show(std::int64_t value) const {
  return value == 0 ? std::string() : std::to_string(value) + "/minute";
}

std::string RateValue::schema() const { return pattern_schema("^[0-9]+[kM]?/minute$"); }

void ListenValue::read(const Node& node, ListenAddress& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  auto address = parse_listen(node.text, fault);
  if (!address) return context.refuse(node.where, std::move(fault));
  value = std::move(*address);
}

std::string ListenValue::schema() const { return pattern_schema("^[^:]+:[0-9]+$|^\\[.+\\]:[0-9]+$"); }

void EndpointValue::read(const Node& node, Endpoint& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  auto endpoint = parse_endpoint(node.text, fault);
  if (!endpoint) return context.refuse(node.where, std::move(fault));
  value = std::move(*endpoint);
}

std::string EndpointValue::schema() const { return pattern_schema("^https?://[^/?#@]+(/[^?#]*)?$"); }

void PathPrefixValue::read(const Node& node, std::string& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  auto prefix = parse_path_prefix(node.text, fault);
  if (!prefix) return context.refuse(node.where, std::move(fault));
  value = std::move(*prefix);
}

std::string PathPrefixValue::schema() const {
  return pattern_schema("^/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-]$");
}

void FileValue::read(const Node& node, std::string& value, Context& context) const {
  if (!expect_scalar(node, sample, context)) return;
  std::string why;
  if (!is_readable_file(node.text, why))
    return context.refuse(node.where, "the file " + cited(node.text) + " " + why);
  value = node.text;
  context.files_read.push_back(node.text);
}

void SecretValue::read(const Node& node, Secret& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  auto secret = resolve_secret(node.text, context.files_read, fault);
  if (!secret) return context.refuse(node.where, std::move(fault));
  value = std::move(*secret);
}

std::string SecretValue::schema() const {
  return pattern_schema("^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$");
}

void ReferenceValue::read(const Node& node, Reference& value, Context& context) const {
  if (!expect_scalar(node, sample, context)) return;
  value = {node.text, node.where};
}

void ReferenceListValue::read(const Node& node, std::vector<Reference>& value,
                              Context& context) const {
  if (!expect_list(node, sample, context)) return;
  std::set<std::string> names;
  for (const Node& item : node.items) {
    if (!expect_scalar(item, "a name", context)) continue;
    if (!names.insert(item.text).second)
      context.refuse(item.where, cited(item.text) + " is in this list twice; remove one");
    else
      value.push_back({item.text, item.where});
  }
}

std::string ReferenceListValue::schema() const {
  return R"({"type":"array","items":{"type":"string"},"minItems":1,"uniqueItems":true})";
}

int read_choice(const Node& node, const std::vector<std::string>& words, Context& context) {
  if (!expect_scalar(node, one_of(words), context)) return -1;
  auto found = std::find(words.begin(), words.end(), node.text);
  if (found != words.end()) return static_cast<int>(found - words.begin());
  context.refuse(node.where, cited(node.text) + " is not known here; write " + one_of(words),
                 nearest(node.text, words));
  return -1;
}

std::vector<int> read_choices(const Node& node, const std::vector<std::string>& words, Context& context) {
  std::vector<int> found;
  if (!expect_list(node, "[" + words.front() + "]", context)) return found;
  for (const Node& item : node.items) {
    const int index = read_choice(item, words, context);
    if (index < 0) continue;
    if (std::find(found.begin(), found.end(), index) == found.end())
      found.push_back(index);
    else
      context.refuse(item.where, cited(item.text) + " is in this list twice; remove one");
  }
  return found;
}

}  // namespace tollgate::config
