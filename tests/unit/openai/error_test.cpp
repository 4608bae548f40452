#include "tollgate/error.hpp"

#include "tollgate/operation.hpp"
#include "tollgate/outcome.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tollgate {
namespace {

Error make(ErrorKind kind, std::string message, std::string param = {}) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  error.param = std::move(param);
  error.detail = "for the log only";
  return error;
}

TEST(Error, IsToldInTheShapeOfOpenAi) {
  EXPECT_EQ(error_body(make(ErrorKind::model_not_found, "No model 'x'.", "model")),
            R"({"error":{"message":"No model 'x'.","type":"invalid_request_error",)"
            R"("param":"model","code":"model_not_found"}})");
}

TEST(Error, HasANullParamWhenNoFieldIsAtFault) {
  const auto body = nlohmann::json::parse(error_body(make(ErrorKind::unauthorized, "No key.")));
  EXPECT_TRUE(body["error"]["param"].is_null());
  EXPECT_EQ(body["error"]["code"], "invalid_api_key");
}

TEST(Error, StaysValidJsonWhateverTheMessageHolds) {
  const auto body = nlohmann::json::parse(
      error_body(make(ErrorKind::bad_request, "a\"b\\c\n\x01\xff\xe2\x82\xac", "p\"")));
  EXPECT_EQ(body["error"]["message"], "a\"b\\c\n\x01\xef\xbf\xbd\xe2\x82\xac");
  EXPECT_EQ(body["error"]["param"], "p\"");
}

TEST(Error, NeverTellsWhatIsForTheLog) {
  EXPECT_EQ(error_body(make(ErrorKind::internal, "x")).find("log"), std::string::npos);
}

TEST(Error, HasTheStatusThatTheKindPromises) {
  EXPECT_EQ(status_of(ErrorKind::bad_request), 400);
  EXPECT_EQ(status_of(ErrorKind::content_blocked), 400);
  EXPECT_EQ(status_of(ErrorKind::unauthorized), 401);
  EXPECT_EQ(status_of(ErrorKind::suspended), 403);
  EXPECT_EQ(status_of(ErrorKind::model_not_allowed), 403);
  EXPECT_EQ(status_of(ErrorKind::region_not_allowed), 403);
  EXPECT_EQ(status_of(ErrorKind::model_not_found), 404);
  EXPECT_EQ(status_of(ErrorKind::not_found), 404);
  EXPECT_EQ(status_of(ErrorKind::method_not_allowed), 405);
  EXPECT_EQ(status_of(ErrorKind::request_timeout), 408);
  EXPECT_EQ(status_of(ErrorKind::length_required), 411);
  EXPECT_EQ(status_of(ErrorKind::request_too_large), 413);
  EXPECT_EQ(status_of(ErrorKind::bad_encoding), 415);
  EXPECT_EQ(status_of(ErrorKind::headers_too_large), 431);
  EXPECT_EQ(status_of(ErrorKind::rate_limited), 429);
  EXPECT_EQ(status_of(ErrorKind::quota_exhausted), 429);
  EXPECT_EQ(status_of(ErrorKind::internal), 500);
  EXPECT_EQ(status_of(ErrorKind::upstream_failed), 502);
  EXPECT_EQ(status_of(ErrorKind::no_deployment), 503);
  EXPECT_EQ(status_of(ErrorKind::overloaded), 503);
  EXPECT_EQ(status_of(ErrorKind::deadline_exceeded), 504);
}

TEST(Names, AreTheWordsOfMetricsAndRecords) {
  EXPECT_STREQ(name_of(End::client_gone), "client_gone");
  EXPECT_STREQ(name_of(ErrorSource::upstream), "upstream");
  EXPECT_STREQ(name_of(Operation::chat_completions), "chat_completions");
  EXPECT_STREQ(name_of(Surface::v1), "v1");
}

}  // namespace
}  // namespace tollgate
