#include "config/fields.hpp"

#include "config/nearest.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace tollgate::config {
namespace {

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

bool check_names(const Node& node, const Location& owner, const std::vector<FieldFacts>& fields,
                 Context& context) {
  std::vector<std::string> names;
  for (const FieldFacts& f : fields)
    if (f.refusal.empty()) names.push_back(f.name);
  if (node.kind != Node::Kind::map) {
    bool lacks_space = node.kind == Node::Kind::scalar && node.text.find(':') != std::string::npos;
    context.refuse(node.where, std::string("fields are expected here (") + list_of(names) +
                                   "), but this is " + node.kind_name() +
                                   (lacks_space ? "; is a space missing after a ':'?" : ""));
    return false;
  }
  bool has_refused = false;
  for (const Entry& entry : node.entries) {
    auto field = std::find_if(fields.begin(), fields.end(),
                              [&](const FieldFacts& f) { return f.name == entry.name; });
    if (field == fields.end()) {
      std::string meant = nearest(entry.name, names);
      bool lacks_space = entry.name.find(':') != std::string::npos;
      context.refuse(entry.where,
                     "unknown field " + cited(entry.name) +
                         (lacks_space ? "; is a space missing after the ':'?" : "") +
                         (meant.empty() ? "; the fields here are " + list_of(names) : ""),
                     meant);
    } else if (!field->refusal.empty()) {
      has_refused = true;
      context.refuse(entry.where, cited(entry.name) + " " + field->refusal);
    }
  }
  for (const FieldFacts& f : fields) {
    // Who wrote a refused name has not forgotten the field that it stands in for.
    if (!f.is_required || has_refused || node.find(f.name)) continue;
    context.refuse(owner, cited(f.name) + " is missing; write " + f.name + ": " + f.example);
  }
  return true;
}

}  // namespace tollgate::config
