// Directives in prompts and the faults they name.
#include "mock_azure/directives.hpp"

#include <gtest/gtest.h>

namespace tollgate::mock {
namespace {

using namespace std::chrono_literals;

TEST(MockDirectives, ReadPaceAndLength) {
  const auto d = parse_directives(R"({"content":"x [[mock ttft_ms=50 gap_ms=5 tokens=20]] y"})");
  EXPECT_EQ(d.first_token, 50ms);
  EXPECT_EQ(d.gap, 5ms);
  EXPECT_EQ(d.tokens, 20);
  EXPECT_FALSE(d.fault);
}

TEST(MockDirectives, ReadTheLoadGeneratorsWords) {
  const auto d = parse_directives("[[mock chunks=100 interval_us=1000 delay_us=0]]");
  EXPECT_EQ(d.tokens, 100);
  EXPECT_EQ(d.gap, 1ms);
  EXPECT_EQ(d.first_token, 0us);
}

TEST(MockDirectives, WithoutAnyNothingIsWished) {
  const auto d = parse_directives("[[mock] ttft_ms=5]] and [[mocking tokens=1]]");
  EXPECT_EQ(d.first_token, std::nullopt);
  EXPECT_EQ(d.tokens, std::nullopt);
}

TEST(MockDirectives, SurviveNonsense) {
  const auto d = parse_directives("[[mock tokens=-5 gap_ms=99999999999999999999 zz= =]] [[mock ");
  EXPECT_EQ(d.tokens, std::nullopt);
  EXPECT_EQ(d.gap, std::nullopt);
}

TEST(MockDirectives, NameTheFilters) {
  EXPECT_EQ(parse_directives("[[mock filter]]").filter, FilterWish::prompt);
  EXPECT_EQ(parse_directives("[[mock filter=plural]]").filter, FilterWish::prompt_plural);
  EXPECT_EQ(parse_directives("[[mock filter=bare]]").filter, FilterWish::prompt_bare);
  EXPECT_EQ(parse_directives("[[mock filter=completion]]").filter, FilterWish::completion);
}

TEST(MockDirectives, LaterBlocksWin) {
  const auto d = parse_directives("[[mock tokens=3 cut]] then [[mock tokens=4 stall k=2]]");
  EXPECT_EQ(d.tokens, 4);
  EXPECT_EQ(d.fault.kind, FaultKind::stall);
  EXPECT_EQ(d.fault.after, 2);
}

TEST(MockDirectives, AreNotEchoed) {
  EXPECT_EQ(without_directives("a [[mock cut]]b[[mock tokens=1]]"), "a b");
}

TEST(MockFaults, ReadStatusAndRetryAfter) {
  const auto fault = parse_fault("status=429 retry_after=7");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::status);
  EXPECT_EQ(fault->status, 429);
  EXPECT_EQ(fault->retry_after, 7);
  EXPECT_EQ(parse_fault("status=429,retry_after=none")->retry_after, -1);
  EXPECT_TRUE(parse_fault("status=503;html")->html);
}

TEST(MockFaults, RefuseWhatTheyDoNotKnow) {
  EXPECT_FALSE(parse_fault(""));
  EXPECT_FALSE(parse_fault("melt"));
  EXPECT_FALSE(parse_fault("status=200"));
  EXPECT_FALSE(parse_fault("k=3"));
  EXPECT_FALSE(parse_fault("status"));
}

TEST(MockFaults, APlantedFaultHappensAsOftenAsSaid) {
  FaultPlan plan;
  plan.plant("a", *parse_fault("status=500"), 2);
  EXPECT_FALSE(plan.take("b"));
  EXPECT_TRUE(plan.take("a"));
  EXPECT_TRUE(plan.take("a"));
  EXPECT_FALSE(plan.take("a"));
  EXPECT_EQ(plan.size(), 0U);
}

TEST(MockFaults, AStarMatchesAllUntilCleared) {
  FaultPlan plan;
  plan.plant("*", *parse_fault("cut"), -1);
  EXPECT_TRUE(plan.take("a"));
  EXPECT_TRUE(plan.take(""));
  plan.clear();
  EXPECT_FALSE(plan.take("a"));
}

}  // namespace
}  // namespace tollgate::mock
