// Answers: deterministic, as long as wished, cut where the request says.
#include "mock_azure/question.hpp"

#include <gtest/gtest.h>

#include "mock_azure/call.hpp"
#include "mock_azure/embedding.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

Question question(const char* text) {
  Question q;
  q.asked = text;
  q.user_is_last = true;
  q.add_message("user", text);
  q.prompt_tokens += tokens_for_reply;
  return q;
}

Answer answer(const Question& q, const char* model = "gpt-4o") {
  return make_answer(q, describe_model(model), parse_directives(q.asked), 42);
}

TEST(MockAnswer, EchoesWithoutTheDirectives) {
  EXPECT_EQ(answer(question("Hello[[mock ttft_ms=1]]")).choices[0].text, "You said: Hello");
}

TEST(MockAnswer, IsTheSameForTheSameQuestion) {
  const Question q = question("Hello");
  EXPECT_EQ(answer(q).choices[0].text, answer(q).choices[0].text);
  EXPECT_EQ(q.content, question("Hello").content);
  EXPECT_NE(q.content, question("hello").content);
  EXPECT_NE(meaning_of("a", "d", q.content), meaning_of("a", "e", q.content));
}

TEST(MockAnswer, HasTheWishedNumberOfTokens) {
  for (const char* text : {"[[mock tokens=1]]", "[[mock tokens=17]]", "[[mock tokens=500]]"}) {
    const Answer a = answer(question(text));
    EXPECT_EQ(a.usage.completion, parse_directives(text).tokens);
    EXPECT_EQ(count_tokens(a.choices[0].text), a.usage.completion);
  }
}

TEST(MockAnswer, IsCutAtTheLimit) {
  Question q = question("[[mock tokens=50]]");
  q.max_tokens = 10;
  const Answer a = answer(q);
  EXPECT_EQ(a.choices[0].finish, "length");
  EXPECT_EQ(a.usage.completion, 10);
  EXPECT_EQ(count_tokens(a.choices[0].text), 10);
}

TEST(MockAnswer, ReasoningComesOutOfTheLimitFirst) {
  Question q = question("Hello");
  EXPECT_EQ(answer(q, "o3").usage.reasoning, 128);
  q.max_tokens = 100;
  const Answer a = answer(q, "o3");
  EXPECT_EQ(a.usage.reasoning, 100);
  EXPECT_EQ(a.usage.completion, 100);
  EXPECT_EQ(a.choices[0].text, "");
  EXPECT_EQ(a.choices[0].finish, "length");
}

TEST(MockAnswer, StopsAtAStopWord) {
  Question q = question("one two three");
  q.stop = {"three", " two"};
  const Answer a = answer(q);
  EXPECT_EQ(a.choices[0].text, "You said: one");
  EXPECT_EQ(a.choices[0].finish, "stop");
}

TEST(MockAnswer, CallsAToolThenReportsItsResult) {
  Question q = question("time?");
  q.tools.push_back({"get_time", Json::parse(R"({"type":"object","required":["tz"],
      "properties":{"tz":{"type":"string"}}})")});
  const Answer a = answer(q);
  EXPECT_EQ(a.choices[0].finish, "tool_calls");
  ASSERT_EQ(a.choices[0].calls.size(), 1U);
  EXPECT_EQ(a.choices[0].calls[0].arguments, R"({"tz":"text"})");
  q.user_is_last = false;
  q.asked = "09:41";
  EXPECT_EQ(answer(q).choices[0].text, "The result was: 09:41");
  q.tool_choice = ToolChoice::required;
  EXPECT_EQ(answer(q).choices[0].finish, "tool_calls");
  q.tool_choice = ToolChoice::none;
  EXPECT_EQ(answer(q).choices[0].finish, "stop");
}

TEST(MockAnswer, CallsAsManyToolsAsWished) {
  Question q = question("[[mock calls=3]]");
  q.tools = {{"a", Json()}, {"b", Json()}};
  const Answer a = answer(q);
  ASSERT_EQ(a.choices[0].calls.size(), 3U);
  EXPECT_EQ(a.choices[0].calls[1].name, "b");
  EXPECT_NE(a.choices[0].calls[0].id, a.choices[0].calls[2].id);
}

TEST(MockAnswer, SatisfiesASchema) {
  Question q = question("x");
  q.format = Format::json_schema;
  q.schema = Json::parse(R"({"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}})");
  EXPECT_EQ(answer(q).choices[0].text, R"({"n":1})");
}

TEST(MockAnswer, MultipliesUsageByChoices) {
  Question q = question("[[mock tokens=5]]");
  q.choices = 3;
  const Answer a = answer(q);
  EXPECT_EQ(a.choices.size(), 3U);
  EXPECT_EQ(a.usage.completion, 15);
}

TEST(MockAnswer, ReportsCachedTokensUpToThePrompt) {
  EXPECT_EQ(answer(question("[[mock cached=4]]")).usage.cached, 4);
  const Question q = question("[[mock cached=4000]]");
  EXPECT_EQ(answer(q).usage.cached, q.prompt_tokens);
}

TEST(MockAnswer, AFilteredCompletionIsCutShort) {
  const Answer a = answer(question("[[mock tokens=10 filter=completion]]"));
  EXPECT_EQ(a.choices[0].finish, "content_filter");
  EXPECT_EQ(a.usage.completion, 5);
}

TEST(MockEmbedding, PutsLikeTextsTogether) {
  const auto dot = [](const std::vector<float>& a, const std::vector<float>& b) {
    float sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  const auto a = embed_text("What is the capital of France?", 1536);
  const auto b = embed_text("what is the capital of france", 1536);
  const auto c = embed_text("Bake bread with rye flour", 1536);
  EXPECT_NEAR(dot(a, a), 1.0F, 1e-4F);
  EXPECT_GT(dot(a, b), 0.95F);
  EXPECT_LT(dot(a, c), 0.2F);
  EXPECT_NE(a, b);
}

TEST(MockModels, TheLongestNameWins) {
  EXPECT_EQ(describe_model("gpt-4o-mini").version, "gpt-4o-mini-2024-07-18");
  EXPECT_EQ(describe_model("gpt-4").version, "gpt-4-0613");
  EXPECT_EQ(describe_model("gpt-4o-2024-05-13").version, "gpt-4o-2024-05-13");
  EXPECT_TRUE(describe_model("gpt-5-mini").reasoning);
  EXPECT_FALSE(describe_model("gpt-5-chat").reasoning);
  EXPECT_EQ(describe_model("llama").version, "llama");
}

}  // namespace
}  // namespace tollgate::mock
