// The JSON Schema of the configuration, from the table of fields.
#include "config/field_tables.hpp"
#include "config/load.hpp"

#include <nlohmann/json.hpp>

namespace tollgate::config {

std::string schema(const LoadOptions& options) {
  using Json = nlohmann::ordered_json;
  Json document = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "Tollgate configuration"}};
  document.update(Json::parse(all_fields(options).schema()));
  return document.dump(2) + "\n";
}

}  // namespace tollgate::config
