#include "upstream/answer_policy.hpp"

#include <gtest/gtest.h>

namespace tollgate::upstream {
namespace {

using namespace std::chrono_literals;

const WallTime now(std::chrono::seconds(784'111'777));  // Sun, 06 Nov 1994 08:49:37 GMT

std::chrono::milliseconds advice(std::string_view seconds, std::string_view ms = {}) {
  http::ResponseHead head;
  head.retry_after = seconds;
  head.retry_after_ms = ms;
  return advice_of(head, now);
}

TEST(AnswerPolicy, TakesTheMoreExactAdvice) {
  EXPECT_EQ(advice("2", "1250"), 1250ms);
  EXPECT_EQ(advice("2"), 2s);
  EXPECT_EQ(advice("0"), 0s);
  EXPECT_LT(advice(""), 0s);
}

TEST(AnswerPolicy, ATokenOfAnotherTenantIsNoAffairOfTheCaller) {
  constexpr std::string_view refused =
      R"({"error":{"code":"Tenant provided in token does not match resource token","message":"Token tenant a does not match."}})";
  EXPECT_TRUE(is_wrong_tenant(400, refused));
  EXPECT_FALSE(is_wrong_tenant(422, refused));
  EXPECT_FALSE(is_wrong_tenant(400, R"({"error":{"message":"\"Tenant provided in token does not match resource token\""}})"));
}

TEST(AnswerPolicy, RoundsAdviceUp) {
  EXPECT_EQ(advice("1.7"), 1700ms);
  EXPECT_EQ(advice("", "12.3"), 13ms);
}

TEST(AnswerPolicy, BoundsAdviceByADay) {
  EXPECT_EQ(advice("86401"), 24h);
  EXPECT_EQ(advice("99999999999999999999"), 24h);
  EXPECT_EQ(advice(std::string(400, '9')), 24h);
  EXPECT_EQ(advice("Fri, 31 Dec 9999 23:59:59 GMT"), 24h);
}

TEST(AnswerPolicy, UnderstandsADate) {
  EXPECT_EQ(advice("Sun, 06 Nov 1994 08:49:44 GMT"), 7s);
  EXPECT_EQ(advice("Sun, 06 Nov 1994 08:49:30 GMT"), 0s) << "it has passed";
}

TEST(AnswerPolicy, WhatIsNeitherIsNoAdvice) {
  for (const char* text : {"-1", "soon", "inf", "nan", "+5"}) EXPECT_LT(advice(text), 0s) << text;
}

}  // namespace
}  // namespace tollgate::upstream
