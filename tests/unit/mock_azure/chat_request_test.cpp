// Chat bodies: what is read, what is refused, and that the quick reader agrees with the full one.
#include "mock_azure/chat_request.hpp"

#include <string>

#include <gtest/gtest.h>

namespace tollgate::mock {
namespace {

ChatRequest parsed(const std::string& body) {
  const ChatParse result = parse_chat(body);
  if (const auto* error = std::get_if<ApiError>(&result)) ADD_FAILURE() << error->message;
  return std::get<ChatRequest>(result);
}

ApiError refused(const std::string& body) {
  const ChatParse result = parse_chat(body);
  if (const auto* error = std::get_if<ApiError>(&result)) return *error;
  ADD_FAILURE() << "accepted: " << body;
  return {};
}

TEST(MockChatRequest, TheQuickReaderAgreesWithTheFullOne) {
  const char* bodies[] = {
      R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})",
      R"( { "messages" : [ { "content" : "a\n\"b\"\\" , "role" : "system" } ,
           {"role":"user","content":""}, {"role":"assistant","content":"x"} ] , "stream" : true } )",
      R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":12,"temperature":0.25,"top_p":1,
          "stream":true,"stream_options":{"include_usage":true},"user":"u"})",
      R"({"messages":[{"role":"user","content":"Hi"}],"max_completion_tokens":7,"stream":false})",
  };
  for (const char* body : bodies) {
    const auto quick = scan_plain_chat(body);
    ASSERT_TRUE(quick) << body;
    const ChatRequest full = parsed(body);
    EXPECT_EQ(quick->model, full.model);
    EXPECT_EQ(quick->stream, full.stream);
    EXPECT_EQ(quick->include_usage, full.include_usage);
    EXPECT_EQ(quick->has_stream_options, full.has_stream_options);
    EXPECT_EQ(quick->has_max_tokens, full.has_max_tokens);
    EXPECT_EQ(quick->has_sampling, full.has_sampling);
    EXPECT_EQ(quick->question.content, full.question.content);
    EXPECT_EQ(quick->question.asked, full.question.asked);
    EXPECT_EQ(quick->question.user_is_last, full.question.user_is_last);
    EXPECT_EQ(quick->question.prompt_tokens, full.question.prompt_tokens);
    EXPECT_EQ(quick->question.max_tokens, full.question.max_tokens);
  }
}

TEST(MockChatRequest, TheQuickReaderLeavesTheRestAlone) {
  const char* bodies[] = {
      "",
      "{}",
      "[]",
      R"({"messages":[]})",
      R"({"messages":[{"role":"user","content":"Hi"}]} x)",
      R"({"messages":[{"role":"user","content":"Hi"}],})",
      R"({"messages":[{"role":"user","content":"\u00e9"}]})",
      "{\"messages\":[{\"role\":\"user\",\"content\":\"\xc3\xa9\"}]}",
      "{\"messages\":[{\"role\":\"user\",\"content\":\"a\nb\"}]}",
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})",
      R"({"messages":[{"role":"tool","content":"Hi"}]})",
      R"({"messages":[{"role":"user","content":"Hi"}],"n":2})",
      R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":0})",
      R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":1.5})",
      R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":012})",
      R"({"messages":[{"role":"user","content":"Hi"}],"temperature":.5})",
      R"({"messages":[{"role":"user","content":"Hi"}],"messages":[]})",
      R"({"messages":[{"role":"user","content":"Hi)",
  };
  for (const char* body : bodies) EXPECT_FALSE(scan_plain_chat(body)) << body;
}

TEST(MockChatRequest, ReadsToolsAndTheChosenOne) {
  const ChatRequest r = parsed(R"({"messages":[{"role":"user","content":"x"}],
      "tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{
      "name":"b","parameters":{"type":"object"}}}],
      "tool_choice":{"type":"function","function":{"name":"b"}}})");
  ASSERT_EQ(r.question.tools.size(), 2U);
  EXPECT_EQ(r.question.forced_tool, "b");
  EXPECT_EQ(r.question.tool_choice, ToolChoice::required);
}

TEST(MockChatRequest, ReadsPartsAndRemembersTheQuestionBeforeATool) {
  const ChatRequest r = parsed(R"({"messages":[{"role":"user","content":[
      {"type":"text","text":"see "},{"type":"text","text":"this"},
      {"type":"image_url","image_url":{"url":"data:,"}}]},
      {"role":"assistant","content":null,"tool_calls":[{"id":"c"}]},
      {"role":"tool","tool_call_id":"c","content":"42"}]})");
  EXPECT_EQ(r.question.asked, "42");
  EXPECT_FALSE(r.question.user_is_last);
}

TEST(MockChatRequest, SaysWhatIsWrong) {
  EXPECT_NE(refused("{").message.find("could not parse"), std::string::npos);
  EXPECT_EQ(refused("{}").param, "messages");
  EXPECT_EQ(refused(R"({"messages":[{"role":"king","content":"x"}]})").param, "messages[0].role");
  EXPECT_EQ(refused(R"({"messages":[{"role":"user","content":"x"}],"n":0})").param, "n");
  EXPECT_EQ(refused(R"({"messages":[{"role":"user","content":"x"}],"max_tokens":-1})").param,
            "max_tokens");
  EXPECT_EQ(refused(R"({"messages":[{"role":"user","content":"x"}],
      "response_format":{"type":"json_schema"}})").param, "response_format");
}

TEST(MockChatRequest, ChecksWhatModelAndSurfaceTake) {
  const Model chat = describe_model("gpt-4o");
  const Model reasoning = describe_model("o3-mini");
  const std::string start = R"({"messages":[{"role":"user","content":"x"}])";
  EXPECT_EQ(check_chat(parsed(start + R"(,"zz":1})"), chat, true)->message,
            "Unrecognized request argument supplied: zz");
  EXPECT_FALSE(check_chat(parsed(start + R"(,"zz":1})"), chat, false));
  EXPECT_EQ(check_chat(parsed(start + R"(,"stream_options":{}})"), chat, false)->param,
            "stream_options");
  EXPECT_FALSE(check_chat(parsed(start + R"(,"max_tokens":5})"), chat, true));
  EXPECT_EQ(check_chat(parsed(start + R"(,"max_tokens":5})"), reasoning, true)->code,
            "unsupported_parameter");
  EXPECT_EQ(check_chat(parsed(start + R"(,"temperature":0.5})"), reasoning, true)->code,
            "unsupported_value");
  EXPECT_FALSE(check_chat(parsed(start + R"(,"max_completion_tokens":5})"), reasoning, true));
}

TEST(MockChatRequest, RefusesPromptsLongerThanTheWindow) {
  std::string text;
  for (int i = 0; i < 9000; ++i) text += "word ";
  const ChatRequest r = parsed(R"({"messages":[{"role":"user","content":")" + text + R"("}]})");
  EXPECT_EQ(check_chat(r, describe_model("gpt-4"), true)->code, "context_length_exceeded");
  EXPECT_FALSE(check_chat(r, describe_model("gpt-4o"), true));
}

}  // namespace
}  // namespace tollgate::mock
