#include "base/sha256.hpp"
#include "config/load.hpp"
#include "config/secrets.hpp"
#include "environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <tuple>

namespace tollgate::config {
namespace {

const char* const small = R"(
deployments:
  east: {endpoint: https://east.openai.azure.com, deployment: gpt-4o-2, model: gpt-4o, credential: {api_key: env:AZURE_KEY}}
  west: {endpoint: https://west.openai.azure.com, credential: {api_key: env:AZURE_KEY}}
models:
  gpt-4o: {route: [east]}
  gpt-4: {route: west}
products:
  standard: {models: [gpt-4, gpt-4o]}
  files: {models: [gpt-4], home: east}
subscriptions:
  payments: {product: standard, cost_center: CC-1, keys: [env:APP_KEY, env:NEXT_KEY]}
  billing: {product: files, keys: ["sha256:00000000000000000000000000000000000000000000000000000000000000FF"]}
)";

class Load : public testing::Test {
 protected:
  test::Environment environment_{
      test::Variables{{"AZURE_KEY", "azure-key"},
                      {"APP_KEY", "tg-app-key-0123456789"},
                      {"NEXT_KEY", "tg-next-key-0123456789"},
                      {"AZURE_OPENAI_KEY_EUS2", "azure-key-1"},
                      {"AZURE_OPENAI_KEY_SWC", "azure-key-2"},
                      {"PAYMENTS_KEY_1", "tg-payments-0123456789"},
                      {"SEARCH_KEY_1", "tg-search-0123456789"},
                      {"MOCK_AZURE_KEY", "mock-key"},
                      {"TOLLGATE_QUICKSTART_KEY", "tg-quickstart-0123456789"}}};
  test::TemporaryFolder folder_;

  static std::string all_of(const std::vector<Problem>& problems) {
    std::string text;
    for (const Problem& p : problems) text += to_text(p) + "\n";
    return text;
  }
};

TEST_F(Load, ResolvesNamesToPointersIntoTheSameConfig) {
  Loaded loaded = load_text(small, "small.yaml");
  ASSERT_TRUE(loaded.config) << all_of(loaded.problems);
  const Config& c = *loaded.config;
  ASSERT_EQ(c.deployments.size(), 2u);
  EXPECT_EQ(c.models[0]->deployment, c.deployments[0].get());
  EXPECT_EQ(c.models[1]->deployment, c.deployments[1].get());
  EXPECT_EQ(c.products[0]->models,
            (std::vector<const Model*>{c.models[1].get(), c.models[0].get()}));
  EXPECT_EQ(c.subscriptions[0]->product, c.products[0].get());
  EXPECT_EQ(c.subscriptions[1]->product, c.products[1].get());
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(c.deployments[i]->index, i);
    EXPECT_EQ(c.models[i]->index, i);
    EXPECT_EQ(c.subscriptions[i]->index, i);
  }
}

TEST_F(Load, FillsInDefaultsThatDependOnOtherFields) {
  Loaded loaded = load_text(small, "small.yaml");
  ASSERT_TRUE(loaded.config);
  const Config& c = *loaded.config;
  EXPECT_EQ(c.deployments[0]->deployment, "gpt-4o-2");
  EXPECT_EQ(c.deployments[1]->deployment, "west");
  EXPECT_EQ(c.deployments[1]->model, "west");
  EXPECT_EQ(c.products[0]->home, c.deployments[1].get());
  EXPECT_EQ(c.products[1]->home, c.deployments[0].get());
  EXPECT_TRUE(c.filters.empty());
}

TEST_F(Load, KeepsHashesOfKeysAndValuesOfSecrets) {
  Loaded loaded = load_text(small, "small.yaml");
  ASSERT_TRUE(loaded.config);
  const Config& c = *loaded.config;
  EXPECT_EQ(c.deployments[0]->api_key.reveal(), "azure-key");
  ASSERT_EQ(c.subscriptions[0]->keys.size(), 2u);
  EXPECT_EQ(c.subscriptions[0]->keys[0].digest, base::sha256("tg-app-key-0123456789"));
  EXPECT_EQ(c.subscriptions[0]->keys[1].digest, base::sha256("tg-next-key-0123456789"));
  EXPECT_EQ(c.subscriptions[1]->keys.at(0).digest[31], 0xff);
}

TEST_F(Load, RemembersWhereThingsWereWritten) {
  Loaded loaded = load_text(small, "small.yaml");
  ASSERT_TRUE(loaded.config);
  const Location& where = loaded.config->models[1]->where;
  EXPECT_EQ(where.file, "small.yaml");
  EXPECT_EQ(where.line, 7);
  EXPECT_EQ(where.column, 3);
}

TEST_F(Load, TakesTheSamples) {
  for (const char* name : {"tollgate.yaml", "quickstart.yaml"}) {
    Loaded loaded = load(std::string(TOLLGATE_SOURCE_DIR "/config/") + name);
    EXPECT_TRUE(loaded.config) << all_of(loaded.problems);
  }
}

TEST_F(Load, TakesTheExampleOfTheDocumentation) {
  test::Environment environment(test::Variables{{"AZURE_OPENAI_KEY", "azure-key"}});
  std::stringstream docs;
  docs << std::ifstream(TOLLGATE_SOURCE_DIR "/docs/config.md").rdbuf();
  const std::string fence = "```yaml\n";
  std::size_t start = docs.str().find(fence) + fence.size();
  Loaded loaded =
      load_text(docs.str().substr(start, docs.str().find("```", start) - start), "docs");
  EXPECT_TRUE(loaded.config) << all_of(loaded.problems);
}

TEST_F(Load, MergesADirectoryByKey) {
  std::string text = small;
  std::size_t models = text.find("models:");
  folder_.write("10-azure.yaml", text.substr(0, models) + "server: {workers: 2}\n");
  folder_.write("20-apps.yml", text.substr(models) + "server: {drain: 5s}\n");
  folder_.write(".hidden.yaml", "not: read\n");
  folder_.write("notes.txt", "not: read\n");
  Loaded loaded = load(folder_.path());
  ASSERT_TRUE(loaded.config) << all_of(loaded.problems);
  EXPECT_EQ(loaded.config->server.workers, 2);
  EXPECT_EQ(loaded.config->server.drain, Milliseconds(5'000));
  EXPECT_EQ(loaded.config->files,
            (std::vector<std::string>{folder_.path(), folder_.path("10-azure.yaml"),
                                      folder_.path("20-apps.yml")}));
}

TEST_F(Load, RefusesTheSameNameInTwoFiles) {
  folder_.write("a.yaml", small);
  folder_.write("b.yaml", "models:\n  gpt-4o: {route: west}\nfilters: [route, access, request, limits, models, affinity, forward]\n");
  folder_.write("c.yaml", "filters: [route, access, request, limits, models, affinity, forward]\n");
  Loaded loaded = load(folder_.path());
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(all_of(loaded.problems),
            folder_.path("b.yaml") + ":2:3: \"gpt-4o\" is already written in " +
                folder_.path("a.yaml") + ":6\n" + folder_.path("c.yaml") +
                ":1:1: \"filters\" is already written in " + folder_.path("b.yaml") + ":3\n");
}

TEST_F(Load, SortsProblemsByFileAndPosition) {
  folder_.write("a.yaml", "deployments: {x: 1}\nmodels: {}\nserver: {drain: 1}\n");
  folder_.write("b.yaml", "log: {level: x}\n");
  Loaded loaded = load(folder_.path());
  EXPECT_GT(loaded.problems.size(), 4u);
  bool is_sorted = std::is_sorted(loaded.problems.begin(), loaded.problems.end(),
                                  [](const Problem& a, const Problem& b) {
                                    return std::tie(a.where.file, a.where.line, a.where.column) <
                                           std::tie(b.where.file, b.where.line, b.where.column);
                                  });
  EXPECT_TRUE(is_sorted) << all_of(loaded.problems);
}

TEST_F(Load, SaysWhenThereIsNothingToRead) {
  EXPECT_EQ(all_of(load(folder_.path("none.yaml")).problems),
            folder_.path("none.yaml") + ": the file cannot be read: No such file or directory\n");
  EXPECT_EQ(all_of(load(folder_.path()).problems),
            folder_.path() + ": the directory holds no *.yaml or *.yml file\n");
  EXPECT_FALSE(load("/dev/zero").config);
  EXPECT_FALSE(load("").config);
}

TEST_F(Load, RefusesWhatIsNotText) {
  using namespace std::string_literals;
  for (const std::string& text : {"a: \xff\n"s, "a: \xed\xa0\x80\n"s, "a: \xc0\xaf\n"s, "a\0b"s,
                                  "\x1b[31m"s, "a: \xe2\x82"s}) {
    Loaded loaded = load_text(text, "x.yaml");
    EXPECT_FALSE(loaded.config);
    EXPECT_EQ(loaded.problems.size(), 1u);
  }
}

TEST_F(Load, TakesAByteOrderMarkAndWindowsLines) {
  std::string text = std::string("\xef\xbb\xbf") + small;
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.insert(at, 1, '\r');
  Loaded loaded = load_text(text, "small.yaml");
  EXPECT_TRUE(loaded.config) << all_of(loaded.problems);
}

TEST_F(Load, RefusesAFileOfFourMebibytes) {
  EXPECT_FALSE(load_text(std::string(5 * 1024 * 1024, '#'), "x.yaml").config);
}

TEST_F(Load, ChecksFiltersAgainstTheListItIsGiven) {
  LoadOptions options;
  options.known_filters = {"access", "cache", "forward"};
  options.required_filters = {"access", "forward"};
  std::string text = std::string("filters: [cache, access, forward]\n") + small;
  EXPECT_FALSE(load_text(text, "x.yaml").config);
  Loaded loaded = load_text(text, "x.yaml", options);
  ASSERT_TRUE(loaded.config) << all_of(loaded.problems);
  EXPECT_EQ(loaded.config->filters, (std::vector<std::string>{"cache", "access", "forward"}));
}

TEST_F(Load, ReadsSecretsFromFilesAndWatchesThem) {
  std::string key = folder_.write("key", "tg-file-key-0123456789\n");
  std::string azure = folder_.write("azure", "azure-file-key\r\n");
  std::string config = folder_.write(
      "t.yaml",
      "deployments: {d: {endpoint: https://a.example, credential: {api_key: \"file:" + azure +
          "\"}}}\nmodels: {m: {route: d}}\nproducts: {p: {models: [m]}}\n"
          "subscriptions: {s: {product: p, keys: [\"file:" +
          key + "\"]}}\n");
  Loaded loaded = load(config);
  ASSERT_TRUE(loaded.config) << all_of(loaded.problems);
  EXPECT_EQ(loaded.config->deployments[0]->api_key.reveal(), "azure-file-key");
  EXPECT_EQ(loaded.config->subscriptions[0]->keys[0].digest, base::sha256("tg-file-key-0123456789"));
  EXPECT_EQ(loaded.config->files, (std::vector<std::string>{config, azure, key}));
}

TEST_F(Load, WatchesCertificates) {
  std::string certificate = folder_.write("tls.crt", "x");
  std::string key = folder_.write("tls.key", "x");
  std::string config = folder_.write(
      "t.yaml", "server: {tls: {certificate: " + certificate + ", key: " + key + "}}" + small);
  Loaded loaded = load(config);
  ASSERT_TRUE(loaded.config) << all_of(loaded.problems);
  EXPECT_EQ(loaded.config->server.tls->certificate_file, certificate);
  EXPECT_EQ(loaded.config->files, (std::vector<std::string>{config, certificate, key}));
}

TEST_F(Load, ShowsEveryDefaultAndNoSecret) {
  Shown shown = show_defaults(folder_.write("t.yaml", small));
  ASSERT_TRUE(shown.problems.empty());
  for (const char* line :
       {"  listen: 127.0.0.1:8080  # default\n", "    idle: 620s  # default\n",
        "  path: \"-\"  # default\n", "    deployment: gpt-4o-2\n",
        "    deployment: west  # default\n", "    home: west  # default\n",
        "filters: [route, access, request, limits, models, affinity, forward]  # default\n", "      api_key: env:AZURE_KEY\n",
        "    keys: [env:APP_KEY, env:NEXT_KEY]\n", "  # tls: not set\n"}) {
    EXPECT_NE(shown.yaml.find(line), std::string::npos) << line << "in\n" << shown.yaml;
  }
  for (const char* secret : {"azure-key", "tg-app-key", "tg-next-key"})
    EXPECT_EQ(shown.yaml.find(secret), std::string::npos) << secret;
}

TEST_F(Load, ReadsBackWhatItShows) {
  for (const char* name : {"tollgate.yaml", "quickstart.yaml"}) {
    Shown shown = show_defaults(std::string(TOLLGATE_SOURCE_DIR "/config/") + name);
    Loaded loaded = load_text(shown.yaml, "shown.yaml");
    EXPECT_TRUE(loaded.config) << all_of(loaded.problems) << shown.yaml;
  }
}

TEST_F(Load, ShowsProblemsInsteadOfDefaults) {
  Shown shown = show_defaults(folder_.path("none.yaml"));
  EXPECT_EQ(shown.yaml, "");
  EXPECT_EQ(shown.problems.size(), 1u);
}

TEST_F(Load, NamesWhatNeedsARestart) {
  Loaded before = load_text(small, "x.yaml");
  Loaded same =
      load_text(std::string("server: {drain: 1s}\nlog: {level: debug}\n") + small, "x.yaml");
  Loaded after =
      load_text(std::string("server: {listen: 127.0.0.1:1, admin: 127.0.0.1:2, workers: 3, "
                            "limits: {connections: 4}}\nrecords: {path: off}\n") +
                    small,
                "x.yaml");
  ASSERT_TRUE(before.config && same.config && after.config);
  EXPECT_TRUE(needs_restart(*before.config, *same.config).empty());
  EXPECT_EQ(needs_restart(*before.config, *after.config),
            (std::vector<std::string>{"server.listen", "server.admin", "server.workers",
                                      "server.limits.connections", "records.path"}));
}

TEST_F(Load, CarriesThousandsOfSubscriptions) {
  std::string text = small;
  char hash[65];
  for (int i = 0; i < 5'000; ++i) {
    std::snprintf(hash, sizeof hash, "%064d", i);
    text += "  s" + std::to_string(i) + ": {product: standard, keys: [\"sha256:" + hash + "\"]}\n";
  }
  Loaded loaded = load_text(text, "x.yaml");
  ASSERT_TRUE(loaded.config) << loaded.problems.size() << to_text(loaded.problems[0]);
  EXPECT_EQ(loaded.config->subscriptions.size(), 5'002u);
}

}  // namespace
}  // namespace tollgate::config
