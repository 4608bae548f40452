#include "openai/prompt_prefix.hpp"

#include "openai/request_scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::openai {
namespace {

std::uint64_t hash_of(const std::string& body, Operation operation = Operation::chat_completions) {
  RequestFacts facts;
  ScanProblem problem;
  EXPECT_TRUE(scan_request(body, operation, facts, problem)) << problem.message;
  return facts.prefix_hash;
}

std::string chat(const std::string& messages) { return R"({"model":"m","messages":[)" + messages + "]}"; }

const std::string manual(5'000, 'a');
const std::string system_message = R"({"role":"system","content":")" + manual + R"("})";

TEST(PromptPrefix, IsTheSameOnEveryMachine) {
  PromptPrefix prefix;
  prefix.feed(manual);
  EXPECT_EQ(prefix.value(), 10940300553634775586u);
  EXPECT_EQ(PromptPrefix::of_key("team-a"), 14905008958214857651u);
}

TEST(PromptPrefix, IsKeptThroughAConversation) {
  const auto first = hash_of(chat(system_message + R"(,{"role":"user","content":"Hi"})"));
  EXPECT_NE(first, 0u);
  EXPECT_EQ(first, hash_of(chat(system_message + R"(,{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"})")));
  const std::string other = R"({"role":"system","content":"b)" + manual + R"("})";
  EXPECT_NE(first, hash_of(chat(other)));
}

TEST(PromptPrefix, IsNoneForWhatIsTooShortToBeCached) {
  EXPECT_EQ(hash_of(chat(R"({"role":"user","content":"Hi"})")), 0u);
  EXPECT_EQ(hash_of(R"({"input":")" + manual + R"("})", Operation::embeddings), 0u);
}

TEST(PromptPrefix, ReadsToolsFirstWhereverTheyStand) {
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f"}}])";
  const std::string messages = R"("messages":[)" + system_message + "]";
  const auto with_tools = hash_of("{" + tools + "," + messages + "}");
  EXPECT_EQ(with_tools, hash_of("{" + messages + "," + tools + "}"));
  EXPECT_NE(with_tools, hash_of("{" + messages + "}"));
}

TEST(PromptPrefix, TakesTheCallersKey) {
  const auto keyed = hash_of(R"({"prompt_cache_key":"team-a","input":"Hi"})", Operation::responses);
  EXPECT_EQ(keyed, PromptPrefix::of_key("team-a"));
  EXPECT_EQ(keyed, hash_of(R"({"prompt_cache_key":"team-a","input":"Something else"})", Operation::responses));
  EXPECT_EQ(PromptPrefix::of_key(""), 0u);
}

TEST(PromptPrefix, OfResponsesIsInstructionsAndInput) {
  const std::string instructions = R"("instructions":")" + manual + R"(")";
  EXPECT_EQ(hash_of("{" + instructions + R"(,"input":"a"})", Operation::responses),
            hash_of(R"({"input":"b",)" + instructions + "}", Operation::responses));
}

}  // namespace
}  // namespace tollgate::openai
