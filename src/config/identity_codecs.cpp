#include "config/identity_codecs.hpp"

#include "config/characters.hpp"
#include "config/dates.hpp"

#include <algorithm>
#include <cctype>

namespace tollgate::config {
namespace {

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

constexpr const char* guid_pattern =
    "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

bool read_guid(const Node& node, std::string& value, Context& context) {
  if (!expect_scalar(node, guid_sample, context)) return false;
  if (!is_guid(node.text)) {
    context.refuse(node.where, cited(node.text) + " is not a GUID such as " + guid_sample);
    return false;
  }
  value = lower(node.text);
  return true;
}

}  // namespace

bool read_word(const Node& node, const std::string& sample, std::string& value, Context& context) {
  const auto before = context.problems.size();
  TextValue{sample}.read(node, value, context);
  return context.problems.size() == before;
}

void GuidValue::read(const Node& node, std::string& value, Context& context) const {
  read_guid(node, value, context);
}

std::string GuidValue::schema() const {
  return pattern_schema(guid_pattern);
}

void WordsValue::read(const Node& node, std::vector<std::string>& value, Context& context) const {
  if (node.kind == Node::Kind::scalar) return read_one(node, value, context);
  if (!expect_list(node, "[" + sample + "]", context)) return;
  for (const Node& item : node.items) read_one(item, value, context);
}

void WordsValue::read_one(const Node& node, std::vector<std::string>& value, Context& context) const {
  std::string word;
  const bool is_good = are_guids ? read_guid(node, word, context) : read_word(node, sample, word, context);
  if (!is_good) return;
  if (std::find(value.begin(), value.end(), word) != value.end())
    return context.refuse(node.where, cited(node.text) + " is in this list twice; remove one");
  value.push_back(std::move(word));
}

std::string WordsValue::schema() const {
  const std::string word = are_guids ? pattern_schema(guid_pattern) : R"({"type":"string"})";
  return either_schema({word, set_schema(word)});
}

void AuthorityValue::read(const Node& node, std::string& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  const auto endpoint = parse_endpoint(node.text, fault);
  if (!endpoint) return context.refuse(node.where, std::move(fault));
  if (!endpoint->is_tls && !is_loopback(endpoint->host))
    return context.refuse(node.where, "signing keys must not come over http://; write https://");
  value = node.text;
  while (value.ends_with('/')) value.pop_back();
}

std::string AuthorityValue::schema() const {
  return R"({"type":"string","pattern":"^https?://[^/?#@]+(/[^?#]*)?$"})";
}

void DateValue::read(const Node& node, WallTime& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  const auto date = parse_date(node.text, fault);
  if (!date) return context.refuse(node.where, std::move(fault));
  value = *date;
}

std::string DateValue::schema() const {
  return R"({"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"})";
}

}  // namespace tollgate::config
