#include "openai/prompt_tokens.hpp"

#include "openai/image_tokens.hpp"
#include "openai/request_scan.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

namespace tollgate::openai::prompt_tokens_test {
namespace {

using tokens::Encoding;

std::uint64_t of(std::string_view text) { return tokens::count(Encoding::o200k_base, text); }

constexpr std::size_t at_once = std::numeric_limits<std::size_t>::max();

PromptTokens count(std::string_view body, Operation operation = Operation::chat_completions,
                   std::string_view model = "gpt-4o", std::size_t step = at_once) {
  const PromptRules rules = prompt_rules_of(model, Encoding::o200k_base);
  if (step == at_once) {
    const PromptTokens found = PromptCounter::count(body, operation, rules);
    RequestFacts facts;
    ScanProblem problem;
    if (scan_request(body, operation, facts, problem)) {
      EXPECT_EQ(PromptCounter::count(body, operation, rules, facts.string_ends).total, found.total) << body;
    }
    return found;
  }
  PromptCounter counter(body, operation, rules);
  while (!counter.step(step)) {
  }
  return counter.result();
}

std::string chat(const std::string& messages, const std::string& more = "") {
  return R"({"model":"m","messages":[)" + messages + "]" + more + "}";
}

std::string user_part(const std::string& part) {
  return chat(R"({"role":"user","content":[)" + part + "]}");
}

constexpr std::uint64_t primer = 3;
constexpr std::uint64_t message = 3;

// 512 by 1024 pixels.
const std::string png = "iVBORw0KGgoAAAANSUhEUgAAAgAAAAQACAYAAAA=";
const std::string gif = "R0lGODlhAAIABAAAAA==";
const std::string webp = "UklGRgAAAABXRUJQVlA4WAoAAAAAAAAA/wEA/wMA";
const std::string jpeg = "/9j/4AAQAAAAAAAAAAAAAAAAAAD/wAARCAQAAgADAAAAAAAA";

TEST(PromptTokens, AreThoseOfTheMessagesAndWhatStandsAroundThem) {
  const auto result = count(chat(
      R"({"role":"system","content":"You are terse."},{"role":"user","name":"ana","content":"Hi there"})"));
  EXPECT_EQ(result.total, primer + 2 * message + of("system") + of("You are terse.") + of("user") +
                              1 + of("ana") + of("Hi there"));
  EXPECT_TRUE(result.is_complete);
}

TEST(PromptTokens, UndoEscapes) {
  const auto result = count(chat(R"({"role":"user","content":"a\n\"b\" \u00e9\ud83d\ude00\/"})"));
  EXPECT_EQ(result.total, primer + message + of("user") + of("a\n\"b\" \xc3\xa9\xf0\x9f\x98\x80/"));
}

TEST(PromptTokens, CountPartsAndNothingForNull) {
  EXPECT_EQ(count(user_part(R"({"type":"text","text":"one"},{"type":"text","text":"two"})")).total,
            primer + message + of("user") + of("one") + of("two"));
  EXPECT_EQ(count(chat(R"({"role":"assistant","content":null,"refusal":null})")).total,
            primer + message + of("assistant"));
}

TEST(PromptTokens, CountCallsAndTheirAnswers) {
  const auto result = count(chat(
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},)"
      R"({"role":"tool","tool_call_id":"call_1","content":"09:41"})"));
  EXPECT_EQ(result.total, primer + 2 * message + of("assistant") + 8 + of("f") + of("{\"a\":1}") +
                              of("tool") + of("09:41"));
}

TEST(PromptTokens, CountToolsByTheRule) {
  const std::string tools =
      R"(,"tools":[{"type":"function","function":{"name":"get_time","description":"Local time.","parameters":)"
      R"({"type":"object","properties":{"tz":{"type":"string","description":"Zone","enum":["CET","UTC"]}},"required":["tz"]}}}])";
  const auto expected = [&](unsigned function) {
    return primer + function + of("get_time:Local time") + 3 + 3 + of("tz:string:Zone") - 3 + 3 +
           of("CET") + 3 + of("UTC") + 12;
  };
  EXPECT_EQ(count(chat("", tools)).total, expected(7));
  EXPECT_EQ(count(chat("", tools)).total, expected(7)) << "remembered";
  EXPECT_EQ(count(chat("", tools), Operation::chat_completions, "gpt-4").total, expected(10));
  EXPECT_EQ(count(chat("", tools), Operation::chat_completions, "gpt-4o", 1).total, expected(7));
}

TEST(PromptTokens, CountADemandedSchemaAsItIsWritten) {
  const std::string format =
      R"({"type":"json_schema","json_schema":{"name":"ans","schema":{"type":"object"}}})";
  EXPECT_EQ(count(chat("", ",\"response_format\":" + format)).total, primer + of(format));
  EXPECT_EQ(count(chat("", R"(,"response_format":{"type":"json_object"})")).total, primer);
}

TEST(PromptTokens, ReadTheSizeOfImages) {
  for (const auto& [type, data] :
       {std::pair{"png", png}, {"gif", gif}, {"webp", webp}, {"jpeg", jpeg}}) {
    const auto size = image_size_of_base64(data);
    ASSERT_TRUE(size) << type;
    EXPECT_EQ(size->width, 512u) << type;
    EXPECT_EQ(size->height, 1024u) << type;
    const auto result = count(user_part(R"({"type":"image_url","image_url":{"url":"data:image/)" +
                                        std::string(type) + ";base64," + data + "\"}}"));
    EXPECT_EQ(result.images, 85u + 2 * 170u) << type;
    EXPECT_EQ(result.total, primer + message + of("user") + result.images) << type;
    EXPECT_TRUE(result.is_complete) << type;
  }
}

TEST(PromptTokens, NeverCountAnImageAsText) {
  const std::string large = png + std::string(1'000'000, 'A');
  std::string escaped = large;
  escaped.insert(escaped.size() / 2, "\\/");
  for (const auto& data : {large, escaped}) {
    const auto result = count(user_part(R"({"image_url":{"url":"data:image/png;base64,)" + data +
                                        R"(","detail":"high"},"type":"image_url"})"));
    EXPECT_EQ(result.total, primer + message + of("user") + 85 + 2 * 170);
  }
}

TEST(PromptTokens, TakeTheDearestSizeForAnImageBehindALink) {
  const auto result =
      count(user_part(R"({"type":"image_url","image_url":{"url":"https://example.com/a.png"}})"));
  EXPECT_EQ(result.images, 85u + 8 * 170u);
  EXPECT_FALSE(result.is_complete);
  EXPECT_EQ(
      count(user_part(R"({"type":"image_url","image_url":{"url":"https://a/b","detail":"low"}})"))
          .images,
      85u);
}

TEST(ImageTokens, FollowThePublishedRules) {
  const auto tokens = [](std::string_view model, std::uint32_t width, std::uint32_t height) {
    return image_tokens(image_rule_of(model), ImageSize{width, height}, false);
  };
  EXPECT_EQ(tokens("gpt-4o", 1024, 1024), 765u);
  EXPECT_EQ(tokens("gpt-4o-2024-11-20", 2048, 4096), 1105u);
  EXPECT_EQ(tokens("gpt-4o-mini", 512, 512), 2833u + 5667u);
  EXPECT_EQ(tokens("gpt-5.1", 512, 512), 210u);
  EXPECT_EQ(tokens("o1", 512, 512), 225u);
  EXPECT_EQ(tokens("gpt-4.1-mini", 1024, 1024), 1659u);  // 1,024 patches
  EXPECT_EQ(tokens("gpt-5.2", 1800, 2400), 1452u);       // 33 by 44 patches
  EXPECT_LE(tokens("gpt-5.4", 1, 100'000), 2500u);
  EXPECT_EQ(image_tokens(image_rule_of("my-model"), std::nullopt, false), 6150u);
}

TEST(PromptTokens, CountSoundByItsLength) {
  // A second of 16-bit mono at 24 kHz.
  const std::string head = "UklGRgAAAABXQVZFZm10IBAAAAABAAEAwF0AAIC7AAACABAA";
  const auto result =
      count(user_part(R"({"type":"input_audio","input_audio":{"format":"wav","data":")" + head +
                      std::string(64000 - head.size() + 24, 'A') + "\"}}"));
  EXPECT_EQ(result.audio, 11u);
}

TEST(PromptTokens, AreThoseOfEveryInputOfAnEmbedding) {
  EXPECT_EQ(count(R"({"input":"one two"})", Operation::embeddings).total, of("one two"));
  EXPECT_EQ(count(R"({"input":["one","two"]})", Operation::embeddings).total, 2u);
  EXPECT_EQ(count(R"({"input":[1,2,3]})", Operation::embeddings).total, 3u);
  EXPECT_EQ(count(R"({"input":[[1,2],[3]],"user":"x"})", Operation::embeddings).total, 3u);
  EXPECT_EQ(count(R"({"prompt":["one","two"],"suffix":"three"})", Operation::completions).total,
            3u);
}

TEST(PromptTokens, CountResponses) {
  EXPECT_EQ(count(R"({"instructions":"Be brief.","input":"Hi"})", Operation::responses).total,
            primer + message + of("Be brief.") + message + 1 + of("Hi"));
  const auto result =
      count(R"({"input":[{"role":"user","content":[{"type":"input_text","text":"Hi"},)"
            R"({"type":"input_image","image_url":"data:image/png;base64,)" +
                png +
                R"("}]},)"
                R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)"
                R"({"type":"function_call_output","call_id":"c","output":"42"}]})",
            Operation::responses);
  EXPECT_EQ(result.total, primer + 3 * message + of("user") + of("Hi") + 425 + 8 + 1 + of("f") +
                              of("{}") + of("42"));
  EXPECT_TRUE(result.is_complete);
  EXPECT_FALSE(
      count(R"({"previous_response_id":"r","input":"x"})", Operation::responses).is_complete);
}

TEST(PromptTokens, CountWhatIsUnknownAsItIsWritten) {
  const auto result = count(chat(R"({"role":"user","content":"x","mood":{"is":"good"}})"));
  EXPECT_EQ(result.total, primer + message + of("user") + of("x") + of(R"({"is":"good"})"));
}

TEST(PromptTokens, AreTheSameInSteps) {
  std::string text;
  while (text.size() < 200'000) text += "The quick brown fox\\njumps \\ud83d\\ude00 over \\u00e9. ";
  const auto body =
      chat(R"({"role":"user","content":")" + text + R"("},{"role":"assistant","content":")" +
           std::string(100'000, 'z') + "\"}");
  const auto whole = count(body);
  for (const std::size_t step : {1000u, 4096u, 65536u})
    EXPECT_EQ(count(body, Operation::chat_completions, "gpt-4o", step).total, whole.total) << step;
  EXPECT_GT(whole.total, 50'000u);
}

TEST(PromptTokens, AreSafeForAnyBytes) {
  const std::string good = chat(
      R"({"role":"user","name":"a\u00e9","content":[{"type":"text","text":"x\n"},{"type":"image_url",)"
      R"("image_url":{"url":"data:image\/jpeg;base64,)" +
          jpeg + R"("}}]})",
      R"(,"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"a":{"enum":[1]}}}}}])");
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string body = good.substr(0, i % 3 ? good.size() : random() % good.size());
    for (int edits = 0; edits < 3 && !body.empty(); ++edits)
      body[random() % body.size()] = "\"\\{}[],:u0a\xff"[random() % 12];
    for (const auto operation :
         {Operation::chat_completions, Operation::responses, Operation::embeddings})
      static_cast<void>(count(body, operation, "gpt-4o", 64));
  }
}

}  // namespace
}  // namespace tollgate::openai::prompt_tokens_test
