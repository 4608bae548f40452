// `tollgate ptu-advisor` on a ledger of three days, against files in tests/golden/ptu-advisor.
//
// TOLLGATE_WRITE_GOLDEN=1 writes the files anew; look at what changed before it is kept.
#include "cli/commands.hpp"

#include "ledger/lane.hpp"
#include "ledger/ledger.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace tollgate::cli {
namespace {

using nlohmann::json;

struct Result {
  int status;
  std::string out;
  std::string err;
};

Result run_command(std::vector<std::string> arguments) {
  std::ostringstream out, err;
  auto* old_out = std::cout.rdbuf(out.rdbuf());
  auto* old_err = std::cerr.rdbuf(err.rdbuf());
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  int status = ptu_advisor_command(static_cast<int>(argv.size()), argv.data());
  std::cout.rdbuf(old_out);
  std::cerr.rdbuf(old_err);
  return {status, out.str(), err.str()};
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(TOLLGATE_SOURCE_DIR) / "tests/golden/ptu-advisor" / name;
  if (::getenv("TOLLGATE_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(text, content_of(path)) << path;
}

constexpr std::int64_t first_day = 1'793'577'600;  // 2026-11-02, a Monday

// Office hours of three days: a hill of input with a spike on the second day; what is above 80,000
// went to pay-as-you-go. Some embeddings and one batch besides.
void write_ledger(const std::string& path) {
  LedgerConfig config;
  config.path = path;
  ledger::Ledger books(config);
  ledger::Lane& lane = books.add_lane();
  ledger::Charge c;
  c.subscription = "payments-web";
  c.model = "gpt-4o";
  for (int day = 0; day < 3; ++day) {
    for (int minute = 8 * 60; minute < 18 * 60; ++minute) {
      const double hill = std::sin((minute - 480) * 3.14159265 / 600);
      std::int64_t load = static_cast<std::int64_t>(hill * 60'000) / 16 * 16;
      if (day == 1 && minute == 700) load = 160'000;
      const std::int64_t spilled = std::max<std::int64_t>(0, load - 80'000);
      c.at = WallTime(std::chrono::seconds(first_day + day * 86'400 + minute * 60));
      const auto append = [&](const char* deployment, DeploymentKind kind, std::int64_t tokens) {
        c.deployment = deployment;
        c.kind = kind;
        c.usage = {};
        c.usage.prompt_tokens = tokens;          // of which a quarter was cached: three quarters count
        c.usage.cached_tokens = tokens / 4;
        c.usage.completion_tokens = tokens / 16;  // by four: a quarter
        lane.append(c, {});
      };
      append("gpt-4o-ptu", DeploymentKind::ptu, load - spilled);
      if (spilled > 0) append("gpt-4o-payg", DeploymentKind::payg, spilled);
    }
  }
  c.model = "text-embedding-3-small";
  c.deployment = "embed";
  c.kind = DeploymentKind::payg;
  c.usage.completion_tokens = 0;
  lane.append(c, {});
  c.model = "gpt-4o";
  c.deployment = "gpt-4o-batch";
  c.is_batch = true;
  c.operation = "batches";
  lane.append(c, {});
  // Looks at what is stored, long before anything else: no load, and no minute with use.
  c.is_batch = false;
  c.usage = {};
  c.at = WallTime(std::chrono::seconds(first_day - 86'400));
  for (const char* operation : {"response_object", "files", "fine_tuning", "vector_stores"}) {
    c.operation = operation;
    lane.append(c, {});
  }
}

// One ledger for all tests: it is only read.
class PtuAdvisor : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string name = (std::filesystem::temp_directory_path() / "tollgate-ptu-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    write_ledger(folder / "ledger.db");
    ::setenv("PTU_TEST_KEY", "a-key-of-a-deployment", 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    std::ofstream(folder / "tollgate.yaml")
        << "deployments:\n"
        << "  gpt-4o-ptu: {endpoint: https://contoso.openai.azure.com, deployment: gpt-4o, kind: ptu, units: 30,"
        << " unit_price: $1/hour, credential: {api_key: env:PTU_TEST_KEY}}\n"
        << "  gpt-4o-payg: {endpoint: https://contoso.openai.azure.com, model: gpt-4o, scope: data_zone,"
        << " credential: {api_key: env:PTU_TEST_KEY}}\n"
        << "models: {gpt-4o: {route: [gpt-4o-ptu]}, overflow: {route: [gpt-4o-payg]}}\n"
        << "products: {standard: {models: [gpt-4o, overflow]}}\n"
        << "subscriptions: {payments-web: {product: standard, keys: [env:PTU_TEST_KEY]}}\n"
        << "ledger: {path: " << (folder / "ledger.db").string() << "}\n";
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder); }

  static Result run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--ledger", folder / "ledger.db"});
    return run_command(std::move(arguments));
  }
  static Result run_configured(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--config", folder / "tollgate.yaml"});
    return run_command(std::move(arguments));
  }

  static inline std::filesystem::path folder;
};

TEST_F(PtuAdvisor, TellsAdviceInWordsAndATable) {
  const Result result = run_configured({});
  EXPECT_EQ(result.status, 0) << result.err;
  expect_golden("table.txt", result.out);
}

TEST_F(PtuAdvisor, WithoutPriceOfAUnitItSaysSo) {
  expect_golden("no-unit-price.txt", run({"--model", "gpt-4o"}).out);
}

TEST_F(PtuAdvisor, DrawsTheLoad) {
  expect_golden("picture.txt", run_configured({"--model", "gpt-4o", "--picture"}).out);
  ::setenv("LC_ALL", "C", 1);
  const std::string plain = run_configured({"--model", "gpt-4o", "--picture"}).out;
  ::setenv("LC_ALL", "C.UTF-8", 1);
  expect_golden("picture-ascii.txt", plain);
  for (char c : plain) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST_F(PtuAdvisor, WritesSvg) {
  const std::string path = folder / "load.svg";
  EXPECT_EQ(run_configured({"--model", "gpt-4o", "--svg", path}).status, 0);
  expect_golden("load.svg", content_of(path));
  EXPECT_EQ(run({"--svg", folder / "none" / "load.svg"}).status, 1);
}

TEST_F(PtuAdvisor, WritesCsvAndJson) {
  expect_golden("advice.csv", run_configured({"--csv"}).out);
  const std::string text = run_configured({"--json"}).out;
  expect_golden("advice.json", text);
  EXPECT_EQ(json::parse(text)["models"][0]["recommended_units"], 80);
}

TEST_F(PtuAdvisor, LooksAtOneDeploymentOneDayAndOtherTerms) {
  const auto first = [](const Result& result) { return json::parse(result.out)["models"][0]; };
  json spilled = first(run_configured({"--json", "--deployment", "gpt-4o-payg"}));
  EXPECT_EQ(spilled["load"]["peak"], 80'000);
  EXPECT_EQ(spilled["present_units"], 0);

  json monday = first(run({"--json", "--model", "gpt-4o", "--to", "2026-11-02", "--head-room", "0%"}));
  EXPECT_EQ(monday["load"]["peak"], 60'000);
  EXPECT_EQ(monday["recommended_units"], 25);
  EXPECT_EQ(monday["present_units"], nullptr);

  json regional = first(run({"--json", "--model", "gpt-4o", "--scope", "regional", "--unit-price", "$2/hour"}));
  EXPECT_EQ(regional["recommended_units"], 100);
  EXPECT_EQ(regional["unit"]["price_usd_an_hour"], 2.0);

  json dearer = first(run_configured({"--json", "--model", "gpt-4o", "--unit-price", "$2/hour"}));
  EXPECT_EQ(dearer["alternatives"][1]["units_usd_a_month"], 80 * 2 * 730.0);
  EXPECT_EQ(dearer["alternatives"].back()["units_usd_a_month"], 30 * 2 * 730.0);

  json recent = first(run({"--json", "--model", "gpt-4o", "--last", "12h"}));
  EXPECT_EQ(recent["from"], "2026-11-04T08:00Z");
}

TEST_F(PtuAdvisor, AModelThatIsNotKnownNeedsTheSizeOfAUnit) {
  json told = json::parse(run({"--json", "--model", "text-embedding-3-small"}).out)["models"][0];
  EXPECT_FALSE(told.contains("recommended_units"));
  ASSERT_EQ(told["warnings"].size(), 1u);
  told = json::parse(run({"--json", "--model", "text-embedding-3-small", "--unit-tokens", "1000",
                          "--answer-weight", "1"}).out)["models"][0];
  EXPECT_EQ(told["recommended_units"], 15);
}

TEST_F(PtuAdvisor, TheConfigurationKnowsUnitsBetterThanTheTable) {
  std::string yaml = content_of(folder / "tollgate.yaml");
  yaml.replace(yaml.find("units: 30,"), 10, "units: 30, capacity: {input: 5000/minute, answer_weight: 2},");
  std::ofstream(folder / "capacity.yaml") << yaml;
  const json told = json::parse(run_command({"--config", folder / "capacity.yaml", "--json", "--model", "gpt-4o"}).out);
  EXPECT_EQ(told["models"][0]["unit"]["tokens_a_minute"], 5'000);
  EXPECT_EQ(told["models"][0]["load"]["peak"], 140'000);  // three quarters of the input, and answers by two
  EXPECT_EQ(told["models"][0]["recommended_units"], 35);
}

TEST_F(PtuAdvisor, SaysWhatIsWrong) {
  EXPECT_EQ(run_command({"--ledger", folder / "none.db"}).status, 1);
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--frmo", "2026-01-01"}, {"--last", "30"}, {"--last", "0d"},
        {"--last", "3d", "--from", "2026-11-02"}, {"--head-room", "20"}, {"--unit-price", "$1"},
        {"--unit-price", "$0/hour"}, {"--scope", "europe"}, {"--csv", "--json"}, {"--json", "--picture"},
        {"--unit-tokens", "5"}, {"--unit-tokens", "5", "--answer-weight", "4"}, {"--model"},
        {"--from", "2026-11-03", "--to", "2026-11-02"}}) {
    const Result result = run(wrong);
    EXPECT_EQ(result.status, 2) << wrong[0];
    EXPECT_NE(result.err.find("usage: tollgate ptu-advisor"), std::string::npos);
  }
  const Result nothing = run({"--model", "gpt-9"});
  EXPECT_EQ(nothing.status, 0);
  EXPECT_NE(nothing.err.find("no use of a deployment"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::cli
