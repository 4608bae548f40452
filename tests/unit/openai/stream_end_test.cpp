#include "openai/stream_end.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace tollgate::openai {
namespace {

using nlohmann::json;

// The data of each event.
std::vector<std::string> data_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\n\n", at);
    EXPECT_NE(end, text.npos);
    const std::string event = text.substr(at, end - at);
    out.push_back(event.substr(event.find("data: ") + 6));
    at = end + 2;
  }
  return out;
}

Usage usage_of(std::int64_t prompt, std::int64_t completion) {
  Usage usage;
  usage.prompt_tokens = prompt;
  usage.completion_tokens = completion;
  usage.total_tokens = prompt + completion;
  return usage;
}

TEST(StreamEnd, OfAChatIsTheProvidersOwn) {
  StreamEnd end(Operation::chat_completions, 2);
  end.see("", R"({"choices":[],"id":"","prompt_filter_results":[]})");
  end.see("", R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"gpt-4o","system_fingerprint":"fp","choices":[{"index":0,"delta":{"role":"assistant"}}]})");
  const auto events = data_of(end.text(usage_of(9, 40), true));
  ASSERT_EQ(events.size(), 3U);
  const json last = json::parse(events[0]);
  EXPECT_EQ(last["id"], "chatcmpl-1");
  EXPECT_EQ(last["created"], 7);
  EXPECT_EQ(last["choices"].size(), 2U);
  EXPECT_EQ(last["choices"][1]["finish_reason"], "length");
  EXPECT_EQ(last["choices"][1]["delta"], json::object());
  const json told = json::parse(events[1]);
  EXPECT_EQ(told["choices"], json::array());
  EXPECT_EQ(told["usage"]["total_tokens"], 49);
  EXPECT_EQ(events[2], "[DONE]");
}

TEST(StreamEnd, TellsUsageOnlyToWhoAskedForIt) {
  StreamEnd end(Operation::completions, 1);
  end.see("", R"({"id":"cmpl-1","object":"text_completion","choices":[{"index":0,"text":"a"}]})");
  const auto events = data_of(end.text(usage_of(1, 1), false));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(json::parse(events[0])["choices"][0]["text"], "");
}

TEST(StreamEnd, OfAResponseIsIncomplete) {
  StreamEnd end(Operation::responses, 1);
  end.see("response.created", R"({"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","incomplete_details":null,"output":[],"usage":null}})");
  end.see("response.output_text.delta", R"({"type":"response.output_text.delta","sequence_number":4,"delta":"x"})");
  const std::string text = end.text(usage_of(3, 16), false);
  EXPECT_TRUE(text.starts_with("event: response.incomplete\n"));
  const json event = json::parse(data_of(text).front());
  EXPECT_EQ(event["sequence_number"], 5);
  EXPECT_EQ(event["response"]["id"], "resp_1");
  EXPECT_EQ(event["response"]["status"], "incomplete");
  EXPECT_EQ(event["response"]["incomplete_details"]["reason"], "max_output_tokens");
  EXPECT_EQ(event["response"]["usage"]["output_tokens"], 16);
}

TEST(StreamEnd, OfAResponseDoesNotKeepWhatIsLong) {
  StreamEnd end(Operation::responses, 1);
  const std::string text(300, 'x');
  end.see("response.created", R"({"type":"response.created","sequence_number":0,"response":{"id":"r","instructions":")" + text +
                                  R"(","tools":[{"name":")" + text + R"("}],"metadata":{"a":")" + text + R"("},"model":"m"}})");
  const json event = json::parse(data_of(end.text(usage_of(9, 16), true)).front());
  EXPECT_EQ(event["response"]["id"], "r");
  EXPECT_EQ(event["response"]["instructions"], nullptr);
  EXPECT_EQ(event["response"]["tools"], json::array());
  EXPECT_EQ(event["response"]["metadata"], json::object());
  EXPECT_EQ(event["response"]["model"], "m");
}

TEST(StreamEnd, IsStillJsonWhenNothingWasSeen) {
  for (const auto operation : {Operation::chat_completions, Operation::completions, Operation::responses}) {
    const auto events = data_of(StreamEnd(operation, 1).text(usage_of(1, 1), true));
    EXPECT_NO_THROW(json::parse(events.front()));
  }
}

}  // namespace
}  // namespace tollgate::openai
