#include "credentials/token_answer.hpp"

#include <gtest/gtest.h>

namespace tollgate::credentials {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t now = 1790000000;

TEST(TokenAnswer, OfEntraHasNumbers) {
  const auto answer = parse_token(R"({"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ0.a.b"})", now);
  EXPECT_EQ(answer.problem, "");
  EXPECT_EQ(answer.text, "eyJ0.a.b");
  EXPECT_EQ(answer.lifetime, 3599s);
  EXPECT_EQ(answer.refresh_in, 0s);
}

TEST(TokenAnswer, OfTheMetadataServiceHasNumbersAsText) {
  const auto answer = parse_token(
      R"({"access_token":"t","refresh_token":"","expires_in":"86399","expires_on":"1790086399","not_before":"1789999999",
          "refresh_in":"43199","resource":"https://cognitiveservices.azure.com","token_type":"Bearer"})", now);
  EXPECT_EQ(answer.lifetime, 86399s);
  EXPECT_EQ(answer.refresh_in, 43199s);
}

TEST(TokenAnswer, OfAppServiceTellsTheEndAlone) {
  EXPECT_EQ(parse_token(R"({"access_token":"t","expires_on":"1790003599","token_type":"Bearer"})", now).lifetime, 3599s);
  EXPECT_EQ(parse_token(R"({"access_token":"t","expires_on":1790003599})", now).lifetime, 3599s);
  EXPECT_EQ(parse_token(R"({"access_token":"t","expires_on":"9/21/2026 3:33:20 PM +00:00"})", 1790000000).lifetime, 4800s);
  EXPECT_EQ(parse_token(R"({"access_token":"t","expires_in":"","expires_on":"1790003599","token_type":"bearer"})", now).lifetime, 3599s);
}

TEST(TokenAnswer, IsRefusedWhenItCannotBeUsed) {
  for (const char* json : {"", "[]", "{\"access_token\":\"ey", "{}", R"({"access_token":"t"})", R"({"access_token":"","expires_in":5})",
                           R"({"access_token":"t","expires_in":0})", R"({"access_token":"t","expires_on":"1789990000"})",
                           R"({"access_token":"a b","expires_in":5})", R"({"access_token":"a\r\nX: y","expires_in":5})",
                           R"({"access_token":"t","expires_in":5,"token_type":"pop"})", R"({"access_token":{},"expires_in":5})",
                           R"({"access_token":"t","expires_in":-5})"}) {
    const auto answer = parse_token(json, now);
    EXPECT_NE(answer.problem, "") << json;
    EXPECT_EQ(answer.text, "") << json;
  }
  EXPECT_NE(parse_token(R"({"access_token":")" + std::string(40'000, 'x') + R"(","expires_in":5})", now).problem, "");
}

TEST(TokenAnswer, NeverClaimsToLastForEver) {
  EXPECT_EQ(parse_token(R"({"access_token":"t","expires_in":99999999})", now).lifetime, 7 * 24h);
}

TEST(ErrorText, IsOneLineWithTheNumber) {
  EXPECT_EQ(error_text(R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"})", ""),
            "invalid_client: AADSTS7000215: Invalid client secret provided.");
  EXPECT_EQ(error_text(R"({"error":{"code":"403","message":"Public access is disabled."}})", ""), "403: Public access is disabled.");
  EXPECT_EQ(error_text("<html>", ""), "");
  EXPECT_EQ(error_text("{}", ""), "");
  EXPECT_LE(error_text(R"({"error_description":")" + std::string(5000, 'x') + "\"}", "").size(), 600u);
}

TEST(ErrorText, NeverRepeatsTheSecret) {
  EXPECT_EQ(error_text(R"({"error":"x","error_description":"the secret hunter2 is not hunter2"})", "hunter2"),
            "x: the secret ... is not ...");
  for (const char* secret : {".", "..", "..."})  // what stands in for it holds it
    EXPECT_EQ(error_text(R"({"error":"x","error_description":"no ..."})", secret).substr(0, 6), "x: no ") << secret;
}

TEST(Challenge, CarriesClaims) {
  const std::string claims = R"({"access_token":{"nbf":{"essential":true,"value":"1"}}})";
  const std::string encoded = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxIn19fQ";
  EXPECT_EQ(claims_of_challenge("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"" + encoded + "==\""), claims);
  EXPECT_EQ(claims_of_challenge("Bearer claims=" + encoded + ", realm=x"), claims);
}

TEST(Challenge, MayCarryNone) {
  for (const char* text : {"", "Bearer realm=\"x\"", "Bearer claims=\"\"", "Bearer claims=\"!!\"", "Bearer claims=\"bm9qc29u\"",
                           "Bearer xclaims=\"eyJ9\"", "Bearer claims=\"WzFd\""}) {
    EXPECT_EQ(claims_of_challenge(text), "") << text;
  }
}

}  // namespace
}  // namespace tollgate::credentials
