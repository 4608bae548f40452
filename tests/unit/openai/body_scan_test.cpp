#include "openai/body_scan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tollgate::openai {
namespace {

constexpr std::string_view chat_body =
    R"({"id":"chatcmpl-AbC","object":"chat.completion","model":"gpt-4.1-2025-04-14",)"
    R"("choices":[{"index":0,"message":{"role":"assistant","content":"a \"usage\": {\\","model":"no"}}],)"
    R"("usage":{"prompt_tokens":1180,"completion_tokens":64,"total_tokens":1244,)"
    R"("prompt_tokens_details":{"cached_tokens":1024},"completion_tokens_details":{"reasoning_tokens":7}}})";

BodyFacts facts_of(std::string_view body) {
  BodyScan scan;
  scan.feed(body);
  return scan.finish();
}

TEST(BodyScan, FindsUsageAndNames) {
  const auto facts = facts_of(chat_body);
  EXPECT_TRUE(facts.is_json_object);
  EXPECT_FALSE(facts.has_error);
  EXPECT_EQ(facts.model, "gpt-4.1-2025-04-14");
  EXPECT_TRUE(facts.usage.is_reported);
  EXPECT_EQ(facts.usage.prompt_tokens, 1180);
  EXPECT_EQ(facts.usage.cached_tokens, 1024);
  EXPECT_EQ(facts.usage.completion_tokens, 64);
  EXPECT_EQ(facts.usage.reasoning_tokens, 7);
  EXPECT_EQ(facts.usage.total_tokens, 1244);
}

TEST(BodyScan, FindsTheSameHoweverTheBodyIsCut) {
  const auto whole = facts_of(chat_body);
  for (std::size_t size = 1; size < chat_body.size(); ++size) {
    BodyScan scan;
    for (std::size_t at = 0; at < chat_body.size(); at += size)
      scan.feed(chat_body.substr(at, size));
    const auto facts = scan.finish();
    EXPECT_EQ(facts.model, whole.model);
    EXPECT_EQ(facts.usage.total_tokens, whole.usage.total_tokens);
    EXPECT_TRUE(facts.is_json_object);
  }
}

TEST(BodyScan, FindsTheSameInWhateverIsBrokenToo) {
  const std::string far(200, '-');
  const std::string usage = R"("usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3})";
  const std::vector<std::string> members{
      R"("a":)", R"("a":,"b")", R"("a")", R"("a" "b":1)", R"("a":[}],"b":{]})", R"("a":"\")", R"("a":"\\\"",1)",
      "\"a\":\"\n\x01\"", R"("model": "m\u0041" ,)", R"("model":")" + far + far + "\"", "\"" + far + "\":1",
      R"("a":")" + far + "\n\\\"" + far + "\"", R"("error":")" + far, R"("error":null,"error":1)",
      R"("status":7,"status":"x")"};
  for (const std::string& member : members) {
    for (const std::string& body : {"{" + member + "}", "{" + member + "," + usage + "}", "{" + usage + "," + member + "}",
                                    "{" + member + usage + "} ", "{" + usage + member + "},"}) {
      const auto whole = facts_of(body);
      if (body.starts_with("{\"usage\"")) {
        EXPECT_EQ(whole.usage.total_tokens, 3) << body;
      }
      for (const std::size_t size : {1, 2, 7, 33}) {
        BodyScan scan;
        for (std::size_t at = 0; at < body.size(); at += size) scan.feed(std::string_view(body).substr(at, size));
        const auto facts = scan.finish();
        EXPECT_EQ(facts.model, whole.model) << body;
        EXPECT_EQ(facts.status, whole.status) << body;
        EXPECT_EQ(facts.has_error, whole.has_error) << body;
        EXPECT_EQ(facts.is_json_object, whole.is_json_object) << body;
        EXPECT_EQ(facts.usage.total_tokens, whole.usage.total_tokens) << body;
      }
    }
  }
}

TEST(BodyScan, ReadsResponses) {
  const auto facts = facts_of(
      R"({"id":"resp_0b","status":"completed","error":null,"output":[{"status":"x","id":"y"}],)"
      R"("usage":{"input_tokens":20,"output_tokens":5,"total_tokens":25}})");
  EXPECT_EQ(facts.status, "completed");
  EXPECT_FALSE(facts.has_error);
  EXPECT_EQ(facts.usage.prompt_tokens, 20);
  EXPECT_EQ(facts.usage.completion_tokens, 5);
}

TEST(BodyScan, SeesErrors) {
  EXPECT_TRUE(facts_of(R"({"error":{"message":"x"}})").has_error);
  EXPECT_TRUE(facts_of(R"({"error":"x"})").has_error);
  EXPECT_FALSE(facts_of(R"({"error":null})").has_error);
  EXPECT_FALSE(facts_of(R"({"a":{"error":1}})").has_error);
}

TEST(BodyScan, KnowsWhetherTheBodyIsOneWholeObject) {
  EXPECT_TRUE(facts_of(" {} \n").is_json_object);
  EXPECT_TRUE(facts_of(R"({"a":1,"b":true , "c":[{}]})").is_json_object);
  for (const auto* const body : {"", "  ", "[]", "<html>", "{", R"({"a":1)", "{} {}", R"({"a":"b)"})
    EXPECT_FALSE(facts_of(body).is_json_object) << body;
}

TEST(BodyScan, ReportsUsageOfABodyThatBreaksOffAfterIt) {
  const auto facts = facts_of(R"({"usage":{"prompt_tokens":4,"total_tokens":4},"data":[1,2)");
  EXPECT_FALSE(facts.is_json_object);
  EXPECT_EQ(facts.usage.prompt_tokens, 4);
}

TEST(BodyScan, PassesOverValuesThatAreTooLong) {
  const auto facts =
      facts_of(R"({"model":")" + std::string(257, 'm') + R"(","status":"s","usage":{"x":")" +
               std::string(5000, 'u') + R"(","total_tokens":1}})");
  EXPECT_EQ(facts.model, "");
  EXPECT_EQ(facts.status, "s");
  EXPECT_FALSE(facts.usage.is_reported);
  EXPECT_TRUE(facts.is_json_object);
}

TEST(BodyScan, OfTwoUsageObjectsTheLastOneCounts) {
  EXPECT_EQ(facts_of(R"({"usage":{"total_tokens":1},"usage":{"total_tokens":2}})").usage.total_tokens, 2);
  EXPECT_FALSE(facts_of(R"({"usage":{"total_tokens":1},"usage":{"seconds":2}})").usage.is_reported);
  EXPECT_EQ(facts_of(R"({"usage":{"total_tokens":1},"usage":null})").usage.total_tokens, 1);
}

TEST(BodyScan, ReadsNamesWrittenWithEscapes) {
  EXPECT_EQ(facts_of(R"({"model":"a\/b\u00e9"})").model, "a/bé");
  EXPECT_EQ(facts_of(R"({"model":"a\x"})").model, R"(a\x)");
}

TEST(BodyScan, IgnoresValuesOfAnotherType) {
  const auto facts = facts_of(R"({"model":{"a":1},"id":7,"status":null,"usage":"none"})");
  EXPECT_EQ(facts.model, "");
  EXPECT_EQ(facts.status, "");
  EXPECT_FALSE(facts.usage.is_reported);
}

TEST(ReadUsage, ReadsEmbeddings) {
  Usage usage;
  EXPECT_TRUE(read_usage(R"({"prompt_tokens":4,"total_tokens":4})", usage));
  EXPECT_EQ(usage.prompt_tokens, 4);
  EXPECT_EQ(usage.completion_tokens, 0);
  EXPECT_TRUE(usage.is_reported);
}

TEST(ReadUsage, ReadsTranscriptionsThatCountTokens) {
  Usage usage;
  EXPECT_TRUE(read_usage(
      R"({"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":101})",
      usage));
  EXPECT_EQ(usage.total_tokens, 115);
}

TEST(ReadUsage, LeavesUsageAloneWhenNoTokensAreCounted) {
  Usage usage;
  usage.total_tokens = 3;
  for (const auto* const object :
       {R"({"type":"duration","seconds":12})", "null", "{}", "", "[]", R"({"prompt_tokens":4)",
        R"({"prompt_tokens":-4})", R"({"prompt_tokens":4.5})",
        R"({"prompt_tokens":99999999999999999999})"})
    EXPECT_FALSE(read_usage(object, usage)) << object;
  EXPECT_EQ(usage.total_tokens, 3);
  EXPECT_FALSE(usage.is_reported);
}

TEST(ReadUsage, AcceptsNullDetails) {
  Usage usage;
  EXPECT_TRUE(read_usage(
      R"({"completion_tokens_details":null,"prompt_tokens_details":{"cached_tokens":null},"prompt_tokens":1})",
      usage));
  EXPECT_EQ(usage.cached_tokens, 0);
}

}  // namespace
}  // namespace tollgate::openai
