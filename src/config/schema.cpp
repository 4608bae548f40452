// The JSON Schema of the configuration, from the table of fields.
#include "config/field_tables.hpp"
#include "config/fields.hpp"
#include "config/load.hpp"

#include <nlohmann/json.hpp>

namespace tollgate::config {
namespace {
using Json = nlohmann::ordered_json;
}

std::string object_schema(const std::vector<std::string>& members,
                          const std::vector<std::string>& required) {
  Json object = {{"type", "object"}, {"additionalProperties", false}};
  object["properties"] = Json::object();
  for (const std::string& member : members) object["properties"].update(Json::parse(member));
  if (!required.empty()) object["required"] = required;
  return object.dump();
}

std::string member_schema(const std::string& name, const std::string& schema,
                          const std::string& meaning, const std::string& default_text,
                          const std::string& example) {
  Json value = {{"description", meaning}};
  value.update(Json::parse(schema));
  bool is_text = !value.contains("type") || value["type"] == "string" || value["type"].is_array();
  if (!default_text.empty())
    value["default"] = is_text ? Json(default_text) : Json::parse(default_text);
  if (!example.empty() && is_text && !value.contains("enum") && example.find('{') != 0 &&
      example.find('[') != 0)
    value["examples"] = {example};
  return Json{{name, value}}.dump();
}

std::string map_schema(const std::string& value_schema) {
  Json map = {{"type", "object"}, {"minProperties", 1}};
  map["propertyNames"] = {{"pattern", std::string(name_pattern)}};
  map["additionalProperties"] = Json::parse(value_schema);
  return map.dump();
}

std::string schema(const LoadOptions& options) {
  Json document = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "Tollgate configuration"}};
  document.update(Json::parse(all_fields(options).schema()));
  return document.dump(2) + "\n";
}

}  // namespace tollgate::config
