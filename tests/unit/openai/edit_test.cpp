#include "openai/edit.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace tollgate::openai::edit_test {
namespace {

std::string edited(std::string_view body, const BodyEdits& edits) {
  std::vector<std::string_view> pieces;
  edits.pieces(body, pieces);
  std::string whole;
  for (const auto piece : pieces) {
    EXPECT_FALSE(piece.empty());
    whole += piece;
  }
  EXPECT_EQ(whole.size(), edits.size_after(body));
  return whole;
}

RequestFacts facts_of(std::string_view body) {
  RequestFacts facts;
  ScanProblem problem;
  EXPECT_TRUE(scan_request(body, Operation::chat_completions, facts, problem)) << problem.message;
  return facts;
}

std::string with_model(std::string_view body, std::string_view name) {
  BodyEdits edits;
  edits.set_model(facts_of(body), name);
  return edited(body, edits);
}

std::string with_usage(std::string_view body) {
  BodyEdits edits;
  edits.ask_for_usage(facts_of(body));
  return edited(body, edits);
}

std::string with_both(std::string_view body) {
  BodyEdits edits;
  const auto facts = facts_of(body);
  edits.ask_for_usage(facts);
  edits.set_model(facts, "m");
  return edited(body, edits);
}

TEST(BodyEdits, LeaveABodyAloneWhenThereIsNothingToChange) {
  BodyEdits edits;
  EXPECT_TRUE(edits.is_empty());
  EXPECT_EQ(edited(R"({"a":1})", edits), R"({"a":1})");
  EXPECT_EQ(edited("", edits), "");
}

TEST(BodyEdits, ReplaceTheModel) {
  EXPECT_EQ(with_model(R"({"a":1,"model" : "x" ,"b":2})", "gpt-4o"),
            R"({"a":1,"model" : "gpt-4o" ,"b":2})");
  EXPECT_EQ(with_model(R"({"model":null})", "m"), R"({"model":"m"})");
  EXPECT_EQ(with_model(R"({"model":"x"})", "a\"b"), R"({"model":"a\"b"})");
}

TEST(BodyEdits, AddTheModelWhenTheBodyNamesNone) {
  EXPECT_EQ(with_model(R"({"a":1})", "m"), R"({"model":"m","a":1})");
  EXPECT_EQ(with_model(" { } ", "m"), R"( {"model":"m" } )");
}

TEST(BodyEdits, NameAnotherModelForTheNextAttempt) {
  constexpr std::string_view body = R"({"model":"x"})";
  const auto facts = facts_of(body);
  BodyEdits edits;
  edits.set_model(facts, "first");
  edits.set_model(facts, "second");
  EXPECT_EQ(edited(body, edits), R"({"model":"second"})");
}

TEST(BodyEdits, AskForUsage) {
  EXPECT_EQ(with_usage(R"({"stream":true})"),
            R"({"stream_options":{"include_usage":true},"stream":true})");
  EXPECT_EQ(with_usage("{}"), R"({"stream_options":{"include_usage":true}})");
  EXPECT_EQ(with_usage(R"({"stream_options":null})"),
            R"({"stream_options":{"include_usage":true}})");
  EXPECT_EQ(with_usage(R"({"stream_options":{ }})"),
            R"({"stream_options":{"include_usage":true}})");
  EXPECT_EQ(with_usage(R"({"stream_options":{"include_obfuscation":false}})"),
            R"({"stream_options":{"include_usage":true,"include_obfuscation":false}})");
  EXPECT_EQ(with_usage(R"({"stream_options":{"include_usage":false}})"),
            R"({"stream_options":{"include_usage":true}})");
  EXPECT_EQ(with_usage(R"({"stream_options":{"include_usage":null}})"),
            R"({"stream_options":{"include_usage":true}})");
}

TEST(BodyEdits, DoNotAskForUsageTwice) {
  BodyEdits edits;
  edits.ask_for_usage(facts_of(R"({"stream_options":{"include_usage":true}})"));
  EXPECT_TRUE(edits.is_empty());
}

TEST(BodyEdits, KeepTheOrderOfTheBody) {
  for (const auto* const body :
       {"{}", R"({"a":1})", R"({"model":"x"})", R"({"model":"x","stream_options":{}})",
        R"({"stream_options":{},"model":"x"})", R"({"stream_options":{"include_usage":false}})",
        R"({"stream_options":{"a":1},"model":null})"}) {
    const auto json = nlohmann::json::parse(with_both(body));
    EXPECT_EQ(json["model"], "m") << body;
    EXPECT_EQ(json["stream_options"]["include_usage"], true) << body;
  }
  EXPECT_EQ(with_both("{}"), R"({"model":"m","stream_options":{"include_usage":true}})");
}

std::string with_bound(std::string_view body, std::int64_t tokens) {
  BodyEdits edits;
  edits.set_max_tokens(facts_of(body), "max_completion_tokens", tokens);
  return edited(body, edits);
}

TEST(BodyEdits, BoundTheAnswer) {
  EXPECT_EQ(with_bound(R"({"a":1})", 40), R"({"max_completion_tokens":40,"a":1})");
  EXPECT_EQ(with_bound(R"({})", 40), R"({"max_completion_tokens":40})");
  EXPECT_EQ(with_bound(R"({"max_tokens": 900 ,"a":1})", 40), R"({"max_tokens": 40 ,"a":1})");
  EXPECT_EQ(with_bound(R"({"max_completion_tokens":null})", 40), R"({"max_completion_tokens":40})");
}

TEST(BodyEdits, MakeAllChangesAtOnce) {
  const std::string body = R"({"model":"a","max_tokens":7,"stream":true})";
  BodyEdits edits;
  const auto facts = facts_of(body);
  edits.set_max_tokens(facts, "max_tokens", 5);
  edits.ask_for_usage(facts);
  edits.set_model(facts, "b");
  EXPECT_EQ(edited(body, edits), R"({"stream_options":{"include_usage":true},"model":"b","max_tokens":5,"stream":true})");
  const std::string empty = "{}";
  BodyEdits all_new;
  const auto no_facts = facts_of(empty);
  all_new.set_max_tokens(no_facts, "max_tokens", 5);
  all_new.ask_for_usage(no_facts);
  all_new.set_model(no_facts, "b");
  EXPECT_EQ(edited(empty, all_new), R"({"model":"b","stream_options":{"include_usage":true},"max_tokens":5})");
}

}  // namespace
}  // namespace tollgate::openai::edit_test
