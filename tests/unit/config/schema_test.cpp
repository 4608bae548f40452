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

// Every field that holds a value, as the docs name it: deployments.*.timeouts.connect
void collect(const Json& object, const std::string& prefix, std::vector<Row>& rows) {
  for (const auto& [name, value] : object["properties"].items()) {
    const Json& inner =
        value.contains("additionalProperties") && value["additionalProperties"].is_object()
            ? value["additionalProperties"]
            : value;
    std::string path = prefix + name;
    if (inner.contains("properties")) {
      collect(inner, path + (&inner == &value ? "." : ".*."), rows);
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
  for (const char* name : {"\"budgets\"", "\"guards\"", "\"complexity\"", "\"prices\""})
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
