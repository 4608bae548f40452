#include "openai/delivered_text.hpp"

#include "openai/json_cursor.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::openai {
namespace {

using tokens::Encoding;

std::string chat_chunk(const std::string& delta) {
  return R"({"id":"c","choices":[{"delta":)" + delta + R"(,"finish_reason":null,"index":0}],"usage":null})";
}

TEST(DeliveredText, CountsAnAnswerAsIfItHadComeWhole) {
  const std::string text = "The quick brown fox jumps over the lazy dog, again and again.";
  DeliveredText delivered(Dialect::chat, Encoding::o200k_base);
  for (std::size_t at = 0; at < text.size(); at += 5) {
    delivered.see("", chat_chunk(R"({"content":")" + text.substr(at, 5) + "\"}"));
  }
  EXPECT_EQ(delivered.tokens(), static_cast<std::int64_t>(tokens::count(Encoding::o200k_base, text)));
}

TEST(DeliveredText, CutsALongAnswerBetweenWordsOnly) {
  const std::string sentence = R"(It costs 12.50, doesn't it?\n\n  The   fox\tjumps; \u00e6ble and caf\u00e9: {\"a\": [1, 2]} -- done. )";
  std::string raw, text;
  for (int i = 0; i < 100; ++i) raw += sentence;
  ASSERT_TRUE(json_unescape(raw, text));
  for (const auto encoding : {Encoding::cl100k_base, Encoding::o200k_base}) {
    DeliveredText delivered(Dialect::chat, encoding);
    for (std::size_t at = 0, step = 1; at < raw.size(); at += step, step = step % 7 + 1) delivered.add(std::string_view(raw).substr(at, step));
    EXPECT_EQ(delivered.tokens(), static_cast<std::int64_t>(tokens::count(encoding, text)));
  }
}

TEST(DeliveredText, CountsEveryChoiceOfAChunk) {
  DeliveredText delivered(Dialect::chat, Encoding::o200k_base);
  delivered.see("", R"({"choices":[{"index":0,"delta":{"content":"one"}},{"index":1,"delta":{"content":" two"}}]})");
  EXPECT_EQ(delivered.tokens(), 2);
}

TEST(DeliveredText, NeverSaysLessThanItMayBeBeforeItCounts) {
  DeliveredText delivered(Dialect::chat, Encoding::o200k_base);
  delivered.see("", chat_chunk(R"({"content":"abc def"})"));
  EXPECT_EQ(delivered.at_most(), 7);
  EXPECT_EQ(delivered.tokens(), 2);
  EXPECT_EQ(delivered.at_most(), 2);
}

TEST(DeliveredText, UndoesEscapes) {
  DeliveredText delivered(Dialect::chat, Encoding::o200k_base);
  delivered.see("", chat_chunk(R"({"content":"line\nline \u00e6\u00f8 \"quoted\""})"));
  EXPECT_EQ(delivered.tokens(), static_cast<std::int64_t>(tokens::count(Encoding::o200k_base, "line\nline \u00e6\u00f8 \"quoted\"")));
}

TEST(DeliveredText, CountsToolCallsRefusalsAndOldCompletions) {
  DeliveredText chat(Dialect::chat, Encoding::o200k_base);
  chat.see("", chat_chunk(R"({"role":"assistant","content":""})"));
  EXPECT_EQ(chat.tokens(), 0);
  chat.see("", chat_chunk(R"({"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":"}}]})"));
  const auto call = chat.tokens();
  EXPECT_GT(call, 3);
  chat.see("", chat_chunk(R"({"refusal":"I cannot do that."})"));
  EXPECT_GT(chat.tokens(), call + 3);
  DeliveredText old(Dialect::chat, Encoding::o200k_base);
  old.see("", R"({"choices":[{"text":"one two","index":0,"finish_reason":null}]})");
  EXPECT_EQ(old.tokens(), 2);
}

TEST(DeliveredText, CountsDeltasOfResponses) {
  DeliveredText delivered(Dialect::responses, Encoding::o200k_base);
  delivered.see("response.created", R"({"type":"response.created","response":{"instructions":"be kind"}})");
  delivered.see("response.output_text.delta", R"({"type":"response.output_text.delta","delta":"one two","sequence_number":4})");
  delivered.see("response.output_text.done", R"({"type":"response.output_text.done","text":"one two"})");
  EXPECT_EQ(delivered.tokens(), 2);
}

TEST(DeliveredText, IsNotUpsetByWhatIsNotJson) {
  DeliveredText delivered(Dialect::chat, Encoding::cl100k_base);
  for (const char* data : {"", "[DONE]", "{", R"({"choices":[{"delta":{"content":")", R"({"choices":{}})", "\"content\":\"", "null"}) {
    delivered.see("", data);
  }
  EXPECT_GE(delivered.tokens(), 0);
}

}  // namespace
}  // namespace tollgate::openai
