#include "config/load.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace tollgate::config {
namespace {

using Json = nlohmann::json;

struct Row {
  std::string path;
  std::string default_text;
};

// A mapping that may also be written as a list of such.
const Json& one_of_a_list(const Json& value) {
  if (!value.contains("oneOf")) return value;
  const Json& first = value["oneOf"][0];
  return first.contains("properties") ? first : value;
}

// Every field that holds a value, as the docs name it: deployments.*.timeouts.connect. The fields of
// limits and budgets are the same everywhere and stand there once, as limits.tokens.
void collect(const Json& object, const std::string& prefix, std::vector<Row>& rows) {
  for (const auto& [name, value] : object["properties"].items()) {
    bool is_map = value.contains("additionalProperties") && value["additionalProperties"].is_object();
    const Json& inner = one_of_a_list(is_map ? value["additionalProperties"] : value);
    std::string path = prefix + name;
    bool is_spending = name == "limits" || name == "budgets";
    if (is_spending && value.contains("oneOf")) {
      rows.push_back({path, ""});
      collect(inner, name + ".", rows);
      continue;
    }
    if (inner.contains("properties")) {
      collect(inner, path + (is_map ? ".*." : "."), rows);
      continue;
    }
    Json by_default = value.value("default", Json());
    rows.push_back({path, by_default.is_null()     ? ""
                          : by_default.is_string() ? by_default.get<std::string>()
                                                   : by_default.dump()});
  }
}

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  collect(Json::parse(schema()), "", rows);
  return rows;
}

TEST(Schema, SaysOfEveryFieldWhatItMeans) {
  Json document = Json::parse(schema());
  EXPECT_EQ(document["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(document["additionalProperties"], false);
  EXPECT_EQ(document["required"], Json({"deployments", "models", "products", "subscriptions"}));
  const Json& server = document["properties"]["server"]["properties"];
  EXPECT_EQ(server["drain"]["default"], "30s");
  EXPECT_EQ(server["workers"]["default"], 0);
  EXPECT_EQ(server["watch_files"]["default"], true);
  EXPECT_GT(all_rows().size(), 40u);
}

// The samples' first line points editors at it. When this fails: tollgate schema > config/tollgate.schema.json
TEST(Schema, IsTheFileThatTheSamplesName) {
  std::ifstream file(TOLLGATE_SOURCE_DIR "/config/tollgate.schema.json");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(Json::parse(text.str(), nullptr, false), Json::parse(schema()));
}

TEST(Schema, LeavesOutWhatThisVersionDoesNotHave) {
  std::string text = schema();
  for (const char* name : {"\"overrides\"", "\"guards\"", "\"complexity\"", "\"caches\""})
    EXPECT_EQ(text.find(name), std::string::npos) << name;
}

TEST(Schema, IsWhatTheDocumentationLists) {
  std::stringstream docs;
  docs << std::ifstream(TOLLGATE_SOURCE_DIR "/docs/config.md").rdbuf();
  for (const Row& row : all_rows()) {
    std::size_t at = docs.str().find("| `" + row.path + "` |");
    ASSERT_NE(at, std::string::npos) << "docs/config.md has no row for " << row.path;
    std::string line = docs.str().substr(at, docs.str().find('\n', at) - at);
    if (row.default_text.empty() || row.default_text.front() == '[') continue;
    EXPECT_NE(line.find("| `" + row.default_text + "` |"), std::string::npos)
        << row.path << " has the default " << row.default_text << ", docs/config.md says " << line;
  }
}

}  // namespace
}  // namespace tollgate::config
