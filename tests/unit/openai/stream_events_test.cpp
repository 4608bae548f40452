#include "openai/stream_events.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace tollgate::openai {
namespace {

constexpr std::string_view prompt_filter_frame =
    R"({"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]})";
constexpr std::string_view role_frame =
    R"({"choices":[{"content_filter_results":{},"delta":{"content":"","refusal":null,"role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}],"created":1790000000,"id":"chatcmpl-1","model":"gpt-4.1-2025-04-14","object":"chat.completion.chunk","obfuscation":"x9","usage":null})";
constexpr std::string_view content_frame =
    R"({"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"delta":{"content":"Hi"},"finish_reason":null,"index":0,"logprobs":null}],"created":1790000000,"id":"chatcmpl-1","model":"gpt-4.1-2025-04-14","object":"chat.completion.chunk","usage":null})";
constexpr std::string_view finish_frame =
    R"({"choices":[{"content_filter_results":{},"delta":{},"finish_reason":"stop","index":0,"logprobs":null}],"created":1790000000,"id":"chatcmpl-1","model":"gpt-4.1-2025-04-14","object":"chat.completion.chunk","usage":null})";
constexpr std::string_view annotation_frame =
    R"({"id":"","created":0,"choices":[{"index":0,"finish_reason":null,"content_filter_results":{"hate":{"filtered":false}},"content_filter_offsets":{"check_offset":1}}],"usage":null})";
constexpr std::string_view usage_frame =
    R"({"choices":[],"created":1790000000,"id":"chatcmpl-1","model":"gpt-4.1-2025-04-14","object":"chat.completion.chunk","usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":null}})";

std::string delta_frame(std::string_view delta) {
  return R"({"choices":[{"delta":)" + std::string(delta) + R"(,"finish_reason":null,"index":0}]})";
}

TEST(ChatChunk, TellsTokensFromPreamble) {
  EXPECT_FALSE(read_chat_chunk(prompt_filter_frame, true).is_meaningful);
  EXPECT_FALSE(read_chat_chunk(role_frame, true).is_meaningful);
  EXPECT_FALSE(read_chat_chunk(annotation_frame, true).is_meaningful);
  EXPECT_FALSE(read_chat_chunk(usage_frame, true).is_meaningful);
  EXPECT_TRUE(read_chat_chunk(content_frame, true).is_meaningful);
  EXPECT_TRUE(read_chat_chunk(finish_frame, true).is_meaningful);
}

TEST(ChatChunk, TakesEveryKindOfTokenAsMeaningful) {
  for (const auto* const delta :
       {R"({"content":" "})", R"({"refusal":"No"})", R"({"role":"assistant","content":"x"})",
        R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]})",
        R"({"audio":{"data":"AAA"}})", R"({"function_call":{"name":"f"}})",
        R"({"reasoning_content":"hm"})"})
    EXPECT_TRUE(read_chat_chunk(delta_frame(delta), true).is_meaningful) << delta;
  for (const auto* const delta :
       {"{}", "null", R"({"role":"assistant"})", R"({"content":null})", R"({"tool_calls":[]})",
        R"({"tool_calls":[ ]})", R"({"audio":{}})"})
    EXPECT_FALSE(read_chat_chunk(delta_frame(delta), true).is_meaningful) << delta;
}

TEST(ChatChunk, ReadsLegacyCompletions) {
  EXPECT_TRUE(read_chat_chunk(R"({"choices":[{"text":"Hi","index":0,"finish_reason":null}]})", true)
                  .is_meaningful);
  EXPECT_FALSE(read_chat_chunk(R"({"choices":[{"text":"","index":0,"finish_reason":null}]})", true)
                   .is_meaningful);
}

TEST(ChatChunk, LooksForMeaningOnlyWhenAsked) {
  EXPECT_FALSE(read_chat_chunk(content_frame, false).is_meaningful);
}

TEST(ChatChunk, FindsTheExtraUsageChunk) {
  for (const bool need_meaning : {true, false}) {
    const auto facts = read_chat_chunk(usage_frame, need_meaning);
    EXPECT_TRUE(facts.is_usage_only);
    EXPECT_TRUE(facts.has_usage);
    EXPECT_EQ(facts.usage.prompt_tokens, 9);
    EXPECT_EQ(facts.usage.cached_tokens, 4);
    EXPECT_EQ(facts.usage.completion_tokens, 2);
    EXPECT_EQ(facts.usage.total_tokens, 11);
    EXPECT_TRUE(facts.usage.is_reported);
    EXPECT_EQ(facts.response_model, "gpt-4.1-2025-04-14");
  }
}

TEST(ChatChunk, DoesNotTakeUsageBesideChoicesForTheExtraChunk) {
  const auto facts = read_chat_chunk(
      R"({"choices":[{"delta":{"content":"x"}}], "usage" : {"prompt_tokens":1,"completion_tokens":1}})",
      false);
  EXPECT_TRUE(facts.has_usage);
  EXPECT_FALSE(facts.is_usage_only);
}

TEST(ChatChunk, KnowsTheEnd) {
  for (const auto* const data : {"[DONE]", " [DONE] ", "[DONE]\r"}) {
    const auto facts = read_chat_chunk(data, false);
    EXPECT_TRUE(facts.is_done);
    EXPECT_TRUE(facts.is_terminal);
  }
  EXPECT_FALSE(read_chat_chunk(delta_frame(R"({"content":"[DONE]"})"), true).is_done);
}

TEST(ChatChunk, FindsErrorsInsideAStream) {
  EXPECT_TRUE(read_chat_chunk(R"({"error":{"message":"boom"}})", false).is_error);
  EXPECT_TRUE(
      read_chat_chunk(R"({"id":"x","choices":[], "error" : {"code":"429"}})", true).is_error);
  EXPECT_FALSE(read_chat_chunk(R"({"choices":[],"error":null})", false).is_error);
}

TEST(ChatChunk, DoesNotTakeAFilterThatWasDownForAnError) {
  constexpr std::string_view frame =
      R"({"choices":[{"content_filter_results":{"error":{"code":"content_filter_error"}},"delta":{"content":"x"}}],"usage":null})";
  EXPECT_FALSE(read_chat_chunk(frame, false).is_error);
  EXPECT_TRUE(read_chat_chunk(frame, true).is_meaningful);
}

TEST(ChatChunk, IsNotFooledByTextThatLooksLikeFields) {
  for (const auto* const content :
       {R"({"content":",\"usage\":{\"prompt_tokens\":5},\"error\":{\"a\":1}"})",
        R"({"content":"\\\",\"usage\":{\"prompt_tokens\":5}"})", R"({"content":"usage"})",
        R"({"content":"error"})"})
    for (const bool need_meaning : {true, false}) {
      const auto facts = read_chat_chunk(delta_frame(content), need_meaning);
      EXPECT_FALSE(facts.has_usage) << content;
      EXPECT_FALSE(facts.is_error) << content;
    }
}

TEST(ChatChunk, FindsUsageAtEveryOffset) {
  for (std::size_t length = 0; length < 70; ++length) {
    const auto data = R"({"p":")" + std::string(length, 'e') + R"(","usage":{"total_tokens":3}})";
    EXPECT_EQ(read_chat_chunk(data, false).usage.total_tokens, 3) << length;
  }
}

TEST(ChatChunk, FindsTheTextAtEveryOffset) {
  for (std::size_t length = 0; length < 70; ++length) {
    const std::string padding(length, 'c');
    const auto data = R"({"p":")" + padding + R"(","choices":[{"delta":{"content":"Hi \"there\""}}],"q":")" + padding + "\"}";
    EXPECT_EQ(read_chat_chunk(data, false).text, R"(Hi \"there\")") << length;
  }
  EXPECT_EQ(read_chat_chunk(content_frame, false).text, "Hi");
  EXPECT_EQ(read_chat_chunk(R"({"choices":[{"delta":{ "content" : "x" }}]})", false).text, "x");
}

TEST(ChatChunk, LeavesToOthersWhatIsNotOnePieceOfText) {
  for (const auto data :
       {role_frame, finish_frame, annotation_frame,
        std::string_view(R"({"choices":[{"delta":{"content":"a"},"index":0},{"delta":{"content":"b"},"index":1}]})"),
        std::string_view(R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]})"),
        std::string_view(R"({"choices":[{"logprobs":{"content":[{"token":"a"}]},"delta":{"refusal":"No"}}]})"),
        std::string_view(R"({"choices":[{"delta":{"content":"a)")})
    EXPECT_FALSE(read_chat_chunk(data, false).text) << data;
  EXPECT_FALSE(read_chat_chunk(content_frame, true).text);
  EXPECT_EQ(read_chat_chunk("[DONE]", false).text, "");
}

TEST(ChatChunk, DoesNotTakeTextThatLooksLikeFieldsForText) {
  EXPECT_EQ(read_chat_chunk(delta_frame(R"({"content":"\"content\":\"x\""})"), false).text, R"(\"content\":\"x\")");
  EXPECT_EQ(read_chat_chunk(delta_frame(R"({"content":"content"})"), false).text, "content");
}

TEST(ChatChunk, SeesANullUsage) {
  for (const bool need_meaning : {true, false}) {
    EXPECT_TRUE(read_chat_chunk(content_frame, need_meaning).has_null_usage);
    EXPECT_TRUE(read_chat_chunk(R"({"usage": null,"choices":[]})", need_meaning).has_null_usage);
    EXPECT_FALSE(read_chat_chunk(usage_frame, need_meaning).has_null_usage);
    EXPECT_FALSE(read_chat_chunk(delta_frame(R"({"content":"\"usage\":null"})"), need_meaning).has_null_usage);
  }
}

TEST(ChatChunk, YieldsNothingForWhatIsNotJson) {
  for (const auto* const data :
       {"", "x", "{", R"({"error":{"a":1})", R"({"usage":{"total_tokens":1},})"}) {
    const auto facts = read_chat_chunk(data, true);
    EXPECT_FALSE(facts.is_error || facts.has_usage || facts.is_meaningful || facts.is_done) << data;
  }
}

TEST(ResponseEvent, TellsTokensFromPreamble) {
  const auto is_meaningful = [](std::string_view event) {
    return read_response_event(event, R"({"sequence_number":1})", true).is_meaningful;
  };
  for (const auto* const event :
       {"response.created", "response.queued", "response.in_progress", "response.output_item.added",
        "response.content_part.added", "response.reasoning_summary_part.added",
        "response.web_search_call.searching", "response.mcp_list_tools.completed",
        "response.failed", "error", "keepalive", "response.something_new"})
    EXPECT_FALSE(is_meaningful(event)) << event;
  for (const auto* const event :
       {"response.output_text.delta", "response.function_call_arguments.delta",
        "response.refusal.delta", "response.reasoning_summary_text.delta",
        "response.output_item.done", "response.image_generation_call.partial_image",
        "response.completed", "response.incomplete", "transcript.text.delta"})
    EXPECT_TRUE(is_meaningful(event)) << event;
}

TEST(ResponseEvent, KnowsTheTextOfADelta) {
  const auto text = [](std::string_view event, std::string_view data) {
    return read_response_event(event, data, false).text;
  };
  constexpr std::string_view data =
      R"({"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","delta":"one \n two","logprobs":[]})";
  EXPECT_EQ(text("response.output_text.delta", data), R"(one \n two)");
  EXPECT_EQ(text("", data), R"(one \n two)");
  EXPECT_EQ(read_response_event("", data, false).sequence_number, 4);
  EXPECT_EQ(text("response.output_text.delta", R"({"delta":{"a":"b"},"sequence_number":5})"), "");
  EXPECT_EQ(text("response.output_text.done", R"({"delta":"one","sequence_number":5})"), "");
  EXPECT_TRUE(read_response_event("response.output_text.delta", R"({"delta":"one)", false).is_malformed);
  const auto late = read_response_event("response.output_text.delta", R"({"delta":"one","sequence_number":5})", false);
  EXPECT_EQ(late.text, "one");
  EXPECT_EQ(late.sequence_number, 5);
}

TEST(ResponseEvent, ReadsTheWholeResponseAtTheEnd) {
  constexpr std::string_view data =
      R"({"type":"response.completed","sequence_number":12,"response":{"id":"resp_1","model":"gpt-4.1-2025-04-14","output":[{"content":[{"text":"\"usage\":{\"input_tokens\":1}"}]}],"usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":3},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":25}}})";
  const auto facts = read_response_event("response.completed", data, false);
  EXPECT_TRUE(facts.is_terminal);
  EXPECT_FALSE(facts.is_failed);
  EXPECT_TRUE(facts.has_usage);
  EXPECT_EQ(facts.usage.prompt_tokens, 20);
  EXPECT_EQ(facts.usage.cached_tokens, 3);
  EXPECT_EQ(facts.usage.completion_tokens, 5);
  EXPECT_EQ(facts.usage.reasoning_tokens, 2);
  EXPECT_EQ(facts.response_model, "gpt-4.1-2025-04-14");
  EXPECT_EQ(facts.sequence_number, 12);
}

TEST(ResponseEvent, ReadsUsageOfFailedAndIncompleteAnswers) {
  for (const auto* const event : {"response.failed", "response.incomplete"}) {
    const auto facts = read_response_event(
        event, R"({"response":{"usage":{"input_tokens":2,"output_tokens":1,"total_tokens":3}}})",
        false);
    EXPECT_TRUE(facts.is_terminal);
    EXPECT_EQ(facts.usage.total_tokens, 3);
  }
  EXPECT_TRUE(read_response_event("response.failed", "{}", true).is_failed);
}

TEST(ResponseEvent, KnowsTheErrorEvent) {
  const auto facts = read_response_event(
      "error", R"({"type":"error","code":"server_error","sequence_number":3})", false);
  EXPECT_TRUE(facts.is_error);
  EXPECT_TRUE(facts.is_failed);
  EXPECT_EQ(facts.sequence_number, 3);
}

TEST(ResponseEvent, TakesTheTypeFromTheDataWhenTheEventHasNoName) {
  EXPECT_TRUE(read_response_event("", R"({"a":{"type":"x"},"type":"response.completed"})", false)
                  .is_terminal);
  EXPECT_TRUE(
      read_response_event("", R"({"type":"response.output_text.delta"})", true).is_meaningful);
  EXPECT_FALSE(read_response_event("", "nonsense", true).is_meaningful);
}

TEST(ResponseEvent, NamesTheModelAtTheStart) {
  EXPECT_EQ(read_response_event(
                "response.created",
                R"({"type":"response.created","response":{"model":"gpt-5","usage":null}})", true)
                .response_model,
            "gpt-5");
}

TEST(ResponseEvent, EndsImagesAndTranscriptionsWithTheirUsage) {
  const auto facts = read_response_event(
      "transcript.text.done",
      R"({"type":"transcript.text.done","text":"a","usage":{"type":"tokens","input_tokens":14,"output_tokens":3,"total_tokens":17}})",
      false);
  EXPECT_TRUE(facts.is_terminal);
  EXPECT_EQ(facts.usage.total_tokens, 17);
}

std::string stripped(std::string_view data) {
  std::string_view before;
  std::string_view after;
  if (!strip_null_usage(data, before, after)) return "(as it is)";
  return std::string(before) + std::string(after);
}

TEST(StripNullUsage, CutsTheMemberWhereverItStands) {
  EXPECT_EQ(stripped(R"({"a":1,"usage":null})"), R"({"a":1})");
  EXPECT_EQ(stripped(R"({"usage":null,"a":1})"), R"({"a":1})");
  EXPECT_EQ(stripped(R"({"a":1,"usage":null,"b":2})"), R"({"a":1,"b":2})");
  EXPECT_EQ(stripped(R"({"usage":null})"), R"({})");
  EXPECT_EQ(stripped(R"({"a":1 , "usage" : null , "b":2})"), R"({"a":1 , "b":2})");
  EXPECT_EQ(nlohmann::json::parse(stripped(content_frame)).contains("usage"), false);
}

TEST(StripNullUsage, LeavesEverythingElseAlone) {
  for (const auto* const data :
       {R"({"a":1})", R"({"a":{"usage":null},"b":2})", R"({"b":2,"a":{"x":1,"usage":null}})",
        R"({"a":"\"usage\":null"})", R"({"a":",\"usage\":null}"})", R"({"usage":{"a":1}})", "",
        "[DONE]", R"({"a":1,"usage":nul)"})
    EXPECT_EQ(stripped(data), "(as it is)") << data;
}

TEST(StreamErrorEvent, SpeaksTheDialectOfTheStream) {
  Error error;
  error.kind = ErrorKind::upstream_failed;
  error.message = "The \"model\" broke off.\n";
  EXPECT_EQ(stream_error_event(Dialect::chat, error), "data: " + error_body(error) + "\n\n");
  EXPECT_EQ(
      stream_error_event(Dialect::responses, error, 7),
      "event: error\ndata: "
      R"({"type":"error","code":"upstream_error","message":"The \"model\" broke off.\n","param":null,"sequence_number":7})"
      "\n\n");
}

TEST(StreamErrorEvent, KnowsWhichDialectAnOperationSpeaks) {
  EXPECT_EQ(dialect_of(Operation::chat_completions), Dialect::chat);
  EXPECT_EQ(dialect_of(Operation::completions), Dialect::chat);
  EXPECT_EQ(dialect_of(Operation::responses), Dialect::responses);
  EXPECT_EQ(dialect_of(Operation::response_object), Dialect::responses);
}

}  // namespace
}  // namespace tollgate::openai
