#include "config/credential_codecs.hpp"

#include "config/values.hpp"

#include <algorithm>
#include <cctype>

namespace tollgate::config {

void TenantValue::read(const Node& node, std::string& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  constexpr std::size_t longest = 253;
  const bool is_plain = std::all_of(node.text.begin(), node.text.end(),
                                    [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-'; });
  if (node.text.empty() || node.text.size() > longest || !is_plain)
    return context.refuse(node.where, cited(node.text) + " is no tenant; write its GUID or one of its domains");
  for (const char* shared : {"common", "organizations", "consumers"})
    if (node.text == shared)
      return context.refuse(node.where, cited(node.text) + " stands for many tenants, and an application gets its "
                                                           "tokens from one; write the tenant's GUID");
  value = node.text;
}

void TokenUrlValue::read(const Node& node, std::string& value, Context& context) const {
  if (!expect_scalar(node, example(), context)) return;
  Fault fault;
  auto url = parse_token_url(node.text, is_machines, fault);
  if (!url) return context.refuse(node.where, std::move(fault));
  value = std::move(*url);
}

void ScopeValue::read(const Node& node, std::string& value, Context& context) const {
  std::string text;
  if (!read_word(node, example(), text, context)) return;
  const bool is_one = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!is_one) return context.refuse(node.where, "a token is for one scope; write it such as " + example());
  constexpr std::string_view suffix = "/.default";
  if (!text.ends_with(suffix)) text += suffix;
  value = std::move(text);
}

void ResourceIdValue::read(const Node& node, std::string& value, Context& context) const {
  std::string text;
  if (!read_word(node, example(), text, context)) return;
  if (!text.starts_with("/subscriptions/"))
    return context.refuse(node.where, "the resource id of an identity is expected here; it begins with /subscriptions/");
  value = std::move(text);
}

}  // namespace tollgate::config
