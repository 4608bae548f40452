#include "openai/request_scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::openai::request_scan_test {
namespace {

RequestFacts facts_of(std::string_view body, Operation operation = Operation::chat_completions) {
  RequestFacts facts;
  ScanProblem problem;
  EXPECT_TRUE(scan_request(body, operation, facts, problem)) << body << '\n' << problem.message;
  return facts;
}

ScanProblem problem_of(std::string_view body, Operation operation = Operation::chat_completions) {
  RequestFacts facts;
  ScanProblem problem;
  EXPECT_FALSE(scan_request(body, operation, facts, problem)) << body;
  EXPECT_FALSE(problem.message.empty());
  EXPECT_LE(problem.offset, body.size());
  return problem;
}

std::string_view text_at(std::string_view body, Range range) {
  return body.substr(range.begin, range.end - range.begin);
}

TEST(RequestScan, CollectsWhatTheGatewayDecidesBy) {
  constexpr std::string_view body =
      R"({"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"stream":true,)"
      R"("stream_options":{"include_usage":true},"max_tokens":77,"n":2,"user":"u-1","store":false})";
  const auto facts = facts_of(body);
  EXPECT_EQ(facts.model, "gpt-4o");
  EXPECT_EQ(text_at(body, facts.model_value), R"("gpt-4o")");
  EXPECT_TRUE(facts.stream);
  EXPECT_TRUE(facts.include_usage);
  EXPECT_EQ(text_at(body, facts.stream_options), R"({"include_usage":true})");
  EXPECT_EQ(text_at(body, facts.include_usage_value), "true");
  EXPECT_EQ(facts.max_tokens, 77);
  EXPECT_EQ(facts.n, 2);
  EXPECT_EQ(facts.user, "u-1");
  EXPECT_FALSE(facts.store);
  EXPECT_EQ(facts.object_begin, 1u);
  EXPECT_FALSE(facts.is_empty_object);
  EXPECT_TRUE(facts.unescaped.empty());
}

TEST(RequestScan, HasDefaultsForWhatIsAbsentOrNull) {
  for (const auto* const body :
       {"{}", R"({"model":null,"stream":null,"stream_options":null,"max_tokens":null,"n":null,)"
              R"("user":null,"previous_response_id":null,"store":null,"background":null})"}) {
    const auto facts = facts_of(body);
    EXPECT_EQ(facts.model, "");
    EXPECT_FALSE(facts.stream);
    EXPECT_FALSE(facts.include_usage);
    EXPECT_EQ(facts.max_tokens, -1);
    EXPECT_EQ(facts.n, 1);
    EXPECT_TRUE(facts.store);
    EXPECT_FALSE(facts.background);
  }
  EXPECT_TRUE(facts_of("{}").is_empty_object);
  EXPECT_TRUE(facts_of(" { } ").is_empty_object);
  EXPECT_TRUE(facts_of(R"({"stream_options":null})").stream_options_is_null);
  EXPECT_TRUE(facts_of(R"({"stream_options":{ }})").stream_options_is_empty);
}

TEST(RequestScan, LooksAtTheOutermostObjectOnly) {
  const auto facts = facts_of(
      R"({"messages":[{"model":"inner","stream":true}],"metadata":{"model":"x","user":"y"}})");
  EXPECT_EQ(facts.model, "");
  EXPECT_FALSE(facts.stream);
  EXPECT_EQ(facts.user, "");
}

TEST(RequestScan, ReadsValuesWrittenWithEscapes) {
  auto facts = facts_of(R"({"model":"org\/m\u006fdel","user":"\u00e9\ud83d\ude00"})");
  const auto moved = std::move(facts);
  EXPECT_EQ(moved.model, "org/model");
  EXPECT_EQ(moved.user, "é😀");
}

TEST(RequestScan, KnowsFieldsWrittenWithEscapes) {
  EXPECT_EQ(facts_of(R"({"m\u006fdel":"a"})").model, "a");
  EXPECT_TRUE(facts_of(R"({"\u0073\u0074\u0072\u0065\u0061\u006d":true})").stream);
}

TEST(RequestScan, RefusesAFieldThatOurRulesDependOnWhenItComesTwice) {
  for (const auto* const body :
       {R"({"model":"a","model":"b"})", R"({"model":"a","m\u006fdel":"b"})",
        R"({"model":"a","model":null})", R"({"stream":false,"stream":true})",
        R"({"stream_options":{},"stream_options":{}})",
        R"({"stream_options":{"include_usage":false,"include\u005fusage":true}})",
        R"({"max_tokens":1,"max_tokens":2})",
        R"({"max_completion_tokens":1,"max_completion_tokens":2})", R"({"user":"a","user":"b"})",
        R"({"n":1,"n":2})", R"({"store":true,"store":false})",
        R"({"previous_response_id":"a","previous_response_id":"b"})"})
    EXPECT_NE(problem_of(body).message.find("twice"), std::string::npos) << body;
  EXPECT_EQ(problem_of(R"({"model":"a","model":"b"})").param, "model");
}

TEST(RequestScan, RefusesFieldsThatDifferInCaseOnly) {
  EXPECT_NE(problem_of(R"({"model":"a","Model":"b"})").message.find("did you mean 'model'?"),
            std::string::npos);
  EXPECT_EQ(problem_of(R"({"MAX_TOKENS":5})").param, "max_tokens");
  problem_of(R"({"stream_options":{"Include_Usage":true}})");
}

TEST(RequestScan, RefusesWrongTypesAndSaysWhere) {
  const auto problem = problem_of("{\n  \"model\": 4\n}");
  EXPECT_EQ(problem.param, "model");
  EXPECT_EQ(problem.message, "'model' has to be a string (line 2, column 12).");
  EXPECT_EQ(problem.offset, 13u);
  for (const auto* const body :
       {R"({"model":["a"]})", R"({"stream":"true"})", R"({"stream":1})", R"({"stream_options":[]})",
        R"({"stream_options":true})", R"({"stream_options":{"include_usage":"yes"}})",
        R"({"max_tokens":"5"})", R"({"max_tokens":5.0})", R"({"max_tokens":5e1})",
        R"({"max_tokens":-1})", R"({"max_tokens":99999999999999999999})", R"({"n":0})",
        R"({"n":[1]})", R"({"user":{}})", R"({"store":"no"})", R"({"previous_response_id":7})"})
    EXPECT_FALSE(problem_of(body).param.empty()) << body;
}

TEST(RequestScan, CountsTheLimitThatTheOperationKnows) {
  EXPECT_EQ(facts_of(R"({"max_tokens":5,"max_completion_tokens":9})").max_tokens, 9);
  EXPECT_EQ(facts_of(R"({"max_output_tokens":5})").max_tokens, -1);
  EXPECT_EQ(facts_of(R"({"max_output_tokens":5,"max_tokens":1})", Operation::responses).max_tokens,
            5);
  EXPECT_EQ(facts_of(R"({"max_tokens":5})", Operation::completions).max_tokens, 5);
  EXPECT_EQ(facts_of(R"({"best_of":4,"n":2})", Operation::completions).n, 4);
}

TEST(RequestScan, RefusesWhatIsNotOneJsonObject) {
  for (const auto* const body : {"",
                                 " ",
                                 "null",
                                 "[]",
                                 "\"x\"",
                                 "1",
                                 "{",
                                 "}",
                                 "{} {}",
                                 "{}x",
                                 "{},",
                                 "{]",
                                 "[}",
                                 R"({"a")",
                                 R"({"a":)",
                                 R"({"a":1)",
                                 R"({"a":1,)",
                                 R"({"a":1,})",
                                 R"({,})",
                                 R"({"a" 1})",
                                 R"({"a":1 "b":2})",
                                 R"({a:1})",
                                 R"({'a':1})",
                                 R"({"a":[1,]})",
                                 R"({"a":[1 2]})",
                                 R"({"a":[,]})",
                                 R"({"a":[})",
                                 R"({"a":{]})",
                                 R"({"a":01})",
                                 R"({"a":1.})",
                                 R"({"a":.5})",
                                 R"({"a":+1})",
                                 R"({"a":-})",
                                 R"({"a":1e})",
                                 R"({"a":tru})",
                                 R"({"a":nul})",
                                 R"({"a":True})",
                                 R"({"a":NaN})",
                                 R"({"a":"\x"})",
                                 R"({"a":"\u12g4"})",
                                 R"({"a":"\u12)",
                                 R"({"a":"\)",
                                 R"({"a":"b)",
                                 "{\"a\":\"b\nc\"}",
                                 "{\"a\":\"b\tc\"}",
                                 R"({"a":1}//)",
                                 "\xef\xbb\xbf{}",
                                 R"({"a":1 /* */})",
                                 R"({"a":--1})",
                                 R"({"a":1-2})",
                                 R"({"a":truefalse})"})
    problem_of(body);
  problem_of(std::string_view("{}\0", 3));
  problem_of(std::string_view("{\"a\":\"\0\"}", 9));
}

TEST(RequestScan, SaysInWhichLineTheJsonIsBroken) {
  const auto problem = problem_of("{\"a\": 1,\n \"b\": [1, 2}\n}");
  EXPECT_EQ(problem.message,
            "The request body is not valid JSON: ',' or ']' is missing (line 2, column 12).");
  EXPECT_EQ(problem.param, "");
}

TEST(RequestScan, AcceptsAllThatJsonAllows) {
  for (const auto* const body :
       {" \r\n\t{ } \n", R"({"a":[[],{},[{}],{"b":[]}]})",
        R"({"a":-0.5e+10,"b":1E-2,"c":0,"d":-0})", R"({"":""})",
        R"({"a":"\"\\\/\b\f\n\r\t\u0000\ud800"})", R"({"a":true,"b":false,"c":null})",
        R"({"a":1,"a":2})", "{\"a\":\"\xf0\x9f\x98\x80\x7f\"}"})
    facts_of(body);
}

TEST(RequestScan, RefusesInvalidUtf8) {
  for (const auto* const text :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
    EXPECT_NE(problem_of("{\"a\":\"" + std::string(text) + "\"}").message.find("UTF-8"),
              std::string::npos);
}

TEST(RequestScan, RefusesHalfASurrogatePairWhereTheTextMatters) {
  EXPECT_EQ(problem_of(R"({"model":"\ud800"})").param, "model");
  EXPECT_EQ(problem_of(R"({"user":"\udc00x"})").param, "user");
  facts_of(R"({"m\ud800odel":"a"})");
}

TEST(RequestScan, BoundsTheDepth) {
  const auto nested = [](int depth) {
    return R"({"a":)" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  facts_of(nested(256));
  EXPECT_NE(problem_of(nested(257)).message.find("deep"), std::string::npos);
  problem_of(R"({"a":)" + std::string(1'000'000, '['));
  problem_of(R"({"a":)" + std::string(100'000, '{'));
}

TEST(RequestScan, BoundsTheNames) {
  EXPECT_EQ(facts_of(R"({"model":")" + std::string(256, 'a') + "\"}").model.size(), 256u);
  EXPECT_EQ(problem_of(R"({"model":")" + std::string(257, 'a') + "\"}").param, "model");
}

TEST(RequestScan, FindsBreaksAtEveryPlaceOfAString) {
  for (std::size_t length = 0; length < 150; ++length) {
    const std::string text(length, 'x');
    facts_of("{\"a\":\"" + text + "\"}");
    facts_of("{\"a\":\"" + text + "\\n\"}");
    problem_of("{\"a\":\"" + text);
    for (std::size_t at = 0; at <= length; ++at) {
      auto broken = "{\"a\":\"" + text + "x\"}";
      broken[6 + at] = '\x1f';
      EXPECT_EQ(problem_of(broken).offset, 6 + at) << length;
    }
  }
}

TEST(RequestScan, RefusesMoreAnswersThanAnyServiceGives) {
  RequestFacts facts;
  ScanProblem problem;
  EXPECT_TRUE(scan_request(R"({"model":"m","messages":[],"n":128})", Operation::chat_completions, facts, problem));
  EXPECT_FALSE(scan_request(R"({"model":"m","messages":[],"n":27000000000000000})", Operation::chat_completions, facts, problem));
  EXPECT_EQ(problem.param, "n");
}

}  // namespace
}  // namespace tollgate::openai::request_scan_test
