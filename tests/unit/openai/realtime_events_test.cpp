#include "openai/realtime_events.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tollgate::openai {
namespace {

// As the service writes it.
constexpr const char* done = R"({"type":"response.done","event_id":"event_1","response":{"object":"realtime.response",
  "id":"resp_1","status":"completed","output":[{"type":"message","content":[{"type":"text","text":"hi"}]}],
  "usage":{"total_tokens":275,"input_tokens":127,"output_tokens":148,
    "input_token_details":{"text_tokens":119,"audio_tokens":8,"image_tokens":0,"cached_tokens":64,
      "cached_tokens_details":{"text_tokens":64,"audio_tokens":0}},
    "output_token_details":{"text_tokens":36,"audio_tokens":112}}}})";

TEST(RealtimeEvent, TellsItsType) {
  EXPECT_EQ(read_realtime_event(R"({"type":"session.updated"})").type, "session.updated");
  EXPECT_EQ(read_realtime_event(R"({"event_id":"e","type":"response.created","response":{"type":"x"}})").type, "response.created");
  EXPECT_EQ(read_realtime_event(R"({"item":{"type":"message"},"type":"conversation.item.added"})").type, "conversation.item.added");
}

TEST(RealtimeEvent, IsNotFoundInsideAnotherOne) {
  EXPECT_EQ(read_realtime_event(R"({"type":"response.output_text.delta","delta":"\"type\":\"response.done\""})").type,
            "response.output_text.delta");
  EXPECT_EQ(read_realtime_event(R"({"response":{"type":"response.done"}})").type, "");
}

TEST(RealtimeEvent, IsNothingIfItIsNoObject) {
  for (const char* text : {"", "[]", "null", "{", R"({"type":)", R"({"type":1})", R"({"a":}{"type":"response.done"})", "response.done"}) {
    EXPECT_EQ(read_realtime_event(text).type, "") << text;
  }
}

TEST(ResponseDone, TellsUsage) {
  const auto facts = read_realtime_event(done);
  ASSERT_TRUE(facts.has_usage);
  EXPECT_EQ(facts.usage.prompt_tokens, 127);
  EXPECT_EQ(facts.usage.completion_tokens, 148);
  EXPECT_EQ(facts.usage.total_tokens, 275);
  EXPECT_EQ(facts.usage.cached_tokens, 64);
  EXPECT_EQ(facts.usage.prompt_audio_tokens, 8);
  EXPECT_EQ(facts.usage.completion_audio_tokens, 112);
  EXPECT_EQ(facts.usage.cached_audio_tokens, 0);
}

TEST(ResponseDone, TellsWhatOfTheCachedTokensIsAudio) {
  const auto cached_audio = [](const char* details) {
    return read_realtime_event(R"({"type":"response.done","response":{"usage":{"input_tokens":100,"output_tokens":0,"input_token_details":)" +
                               std::string(details) + "}}}")
        .usage.cached_audio_tokens;
  };
  EXPECT_EQ(cached_audio(R"({"cached_tokens":64,"text_tokens":40,"audio_tokens":60,"cached_tokens_details":{"text_tokens":30,"audio_tokens":34}})"), 34);
  EXPECT_EQ(cached_audio(R"({"cached_tokens_details":{"audio_tokens":0},"cached_tokens":64,"audio_tokens":60})"), 0);
  // Not told: no more of it than must be.
  EXPECT_EQ(cached_audio(R"({"cached_tokens":64,"audio_tokens":60})"), 24);
  EXPECT_EQ(cached_audio(R"({"cached_tokens":64,"audio_tokens":60,"cached_tokens_details":null})"), 24);
}

TEST(ResponseDone, MayHaveNone) {
  EXPECT_FALSE(read_realtime_event(R"({"type":"response.done","response":{"status":"failed","usage":null}})").has_usage);
  EXPECT_FALSE(read_realtime_event(R"({"type":"response.done","response":{}})").has_usage);
  EXPECT_FALSE(read_realtime_event(R"({"type":"response.done"})").has_usage);
}

TEST(SessionCreated, TellsTheModel) {
  EXPECT_EQ(read_realtime_event(R"({"type":"session.created","session":{"id":"s","model":"gpt-realtime"}})").model, "gpt-realtime");
  EXPECT_EQ(read_realtime_event(R"({"type":"session.updated","session":{"model":"gpt-realtime"}})").model, "");
}

TEST(ErrorEvent, TellsItsCode) {
  EXPECT_EQ(read_realtime_event(R"({"type":"error","error":{"type":"invalid_request_error","code":"bad"}})").error_code, "bad");
  EXPECT_EQ(read_realtime_event(R"({"type":"error","error":{"code":null}})").error_code, "");
}

TEST(ErrorEvent, IsWrittenInTheDialect) {
  Error error;
  error.kind = ErrorKind::quota_exhausted;
  error.message = "The \"budget\" is spent.";
  const auto event = nlohmann::json::parse(realtime_error_event(error, "1f"));
  EXPECT_EQ(event["type"], "error");
  EXPECT_EQ(event["event_id"], "event_1f");
  EXPECT_EQ(event["error"]["code"], "insufficient_quota");
  EXPECT_EQ(event["error"]["message"], error.message);
  EXPECT_TRUE(event["error"]["param"].is_null());
  EXPECT_EQ(nlohmann::json::parse(realtime_error_event(error, "1f", "session_expired"))["error"]["code"], "session_expired");
}

}  // namespace
}  // namespace tollgate::openai
