// Runs tests/golden/config/*.txt: a configuration, `----`, and what the loader says to it.
#include "config/load.hpp"
#include "environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace tollgate::config {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> scenarios() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(TOLLGATE_SOURCE_DIR "/tests/golden/config"))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class ConfigGolden : public testing::TestWithParam<fs::path> {};

TEST_P(ConfigGolden, SaysWhatIsWrongAndWhere) {
  test::Environment environment(test::Variables{{"AZURE_KEY", "azure-key"},
                                                {"APP_KEY", "tg-app-key-0123456789"},
                                                {"OTHER_KEY", "tg-other-key-0123456789"},
                                                {"SHORT_KEY", "short"},
                                                {"TWO_LINES", "tg-0123456789\nabcdefghij"},
                                                {"EMPTY", ""}});
  std::stringstream file;
  file << std::ifstream(GetParam()).rdbuf();
  std::string scenario = file.str();
  const std::string separator = "\n----\n";
  std::size_t border = scenario.rfind(separator);
  ASSERT_NE(border, std::string::npos) << GetParam() << " has no ---- line";

  Loaded loaded = load_text(scenario.substr(0, border + 1), "config.yaml");
  std::string said = loaded.config ? "ok\n" : "";
  for (const Problem& problem : loaded.problems) said += to_text(problem) + "\n";
  EXPECT_EQ(said, scenario.substr(border + separator.size())) << GetParam();
  EXPECT_EQ(said.find("hunter2"), std::string::npos) << "a secret is shown";
}

INSTANTIATE_TEST_SUITE_P(Scenarios, ConfigGolden, testing::ValuesIn(scenarios()), name_of);

}  // namespace
}  // namespace tollgate::config
