#include "cli/commands.hpp"
#include "base/sha256.hpp"
#include "config/secrets.hpp"
#include "environment.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <sstream>

namespace tollgate::cli {
namespace {

struct Result {
  int status;
  std::string out;
  std::string err;
};

// Runs a command with its streams redirected.
template <class Command>
Result run(Command command, std::vector<std::string> arguments, const std::string& input = "") {
  std::ostringstream out, err;
  std::istringstream in(input);
  auto* old_out = std::cout.rdbuf(out.rdbuf());
  auto* old_err = std::cerr.rdbuf(err.rdbuf());
  auto* old_in = std::cin.rdbuf(in.rdbuf());
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  int status = command(static_cast<int>(argv.size()), argv.data());
  std::cout.rdbuf(old_out);
  std::cerr.rdbuf(old_err);
  std::cin.rdbuf(old_in);
  std::cin.clear();
  return {status, out.str(), err.str()};
}

Result check(std::vector<std::string> arguments) {
  return run([](int c, char** v) { return check_command(c, v); }, std::move(arguments));
}

const std::string quickstart = TOLLGATE_SOURCE_DIR "/config/quickstart.yaml";

TEST(CheckCommand, CountsWhatIsGood) {
  test::Environment environment(test::Variables{
      {"MOCK_AZURE_KEY", "mock-key"}, {"TOLLGATE_QUICKSTART_KEY", "tg-quickstart-0123456789"}});
  Result result = check({quickstart});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, quickstart + ": ok (8 deployments, 8 models, 1 product, 1 subscription)\n");
  EXPECT_EQ(result.err, "");
}

TEST(CheckCommand, ShowsDefaults) {
  test::Environment environment(test::Variables{
      {"MOCK_AZURE_KEY", "mock-key"}, {"TOLLGATE_QUICKSTART_KEY", "tg-quickstart-0123456789"}});
  Result result = check({"--show-defaults", quickstart});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("# default"), std::string::npos);
  EXPECT_EQ(result.out.find("mock-key"), std::string::npos);
}

TEST(CheckCommand, TellsProblemsOnTheErrorStream) {
  Result result = check({"/nonexistent.yaml"});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "/nonexistent.yaml: the file cannot be read: No such file or directory\n"
            "1 problem\n");
}

TEST(CheckCommand, RefusesOtherWaysToCallIt) {
  EXPECT_EQ(check({}).status, 2);
  EXPECT_EQ(check({"--show-defaults"}).status, 2);
  EXPECT_EQ(check({"a", "b"}).status, 2);
  EXPECT_EQ(check({"--verbose", "a"}).status, 2);
}

TEST(KeysCommand, MakesKeysThatItsHashBelongsTo) {
  Result one = run(keys_command, {"new"});
  Result two = run(keys_command, {"new"});
  EXPECT_EQ(one.status, 0);
  EXPECT_NE(one.out, two.out);
  std::size_t at = one.out.find("tg-");
  std::string key = one.out.substr(at, one.out.find('\n', at) - at);
  EXPECT_EQ(key.size(), 3u + 43u);  // 256 bits as base64url
  std::string hash = "sha256:" + config::to_hex(base::sha256(key));
  EXPECT_NE(one.out.find("keys: [" + hash + "]"), std::string::npos);
}

TEST(KeysCommand, HashesWithoutShowingTheKey) {
  for (const char* input : {"abc", "abc\n", "abc\r\n"}) {
    Result result = run(keys_command, {"hash"}, input);
    EXPECT_EQ(result.out,
              "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
    EXPECT_EQ(result.err, "");
  }
  EXPECT_EQ(run(keys_command, {"hash"}, "\n").status, 1);
  EXPECT_EQ(run(keys_command, {"hash", "abc"}).status, 2);
  EXPECT_EQ(run(keys_command, {}).status, 2);
}

TEST(TokensCommand, CountsStandardInput) {
  EXPECT_EQ(run(tokens_command, {}, "tiktoken is great!").out, "6\n");
  EXPECT_EQ(run(tokens_command, {"--encoding", "cl100k_base"}, "tiktoken is great!").out, "6\n");
  EXPECT_EQ(run(tokens_command, {"--model", "gpt-4"}, "\u0939\u093f\u0928\u094d\u0926\u0940").out, "6\n");
  EXPECT_EQ(run(tokens_command, {"--model", "gpt-4o"}, "\u0939\u093f\u0928\u094d\u0926\u0940").out, "3\n");
  EXPECT_EQ(run(tokens_command, {}, "").out, "0\n");
}

TEST(TokensCommand, RefusesUnknownNames) {
  EXPECT_EQ(run(tokens_command, {"--encoding", "p50k_base"}).status, 1);
  EXPECT_EQ(run(tokens_command, {"--model", "llama-3"}).err,
            "tollgate tokens: no encoding is known for the model \"llama-3\"\n");
  EXPECT_EQ(run(tokens_command, {"--model"}).status, 2);
  EXPECT_EQ(run(tokens_command, {"gpt-4o"}).status, 2);
}

TEST(VersionCommand, NamesTheLibraries) {
  Result result = run(version_command, {});
  EXPECT_EQ(result.status, 0);
  for (const char* word : {"tollgate ", "boost", "openssl", "simdjson", "yaml-cpp", "compiler"})
    EXPECT_NE(result.out.find(word), std::string::npos) << word;
}

TEST(SchemaCommand, PrintsTheSchema) {
  Result result = run([](int c, char** v) { return schema_command(c, v); }, {});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, config::schema());
}

}  // namespace
}  // namespace tollgate::cli
