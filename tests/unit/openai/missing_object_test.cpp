#include "openai/missing_object.hpp"

#include "openai/route.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::openai {
namespace {

std::string error(const std::string& code, const std::string& message = "m", const std::string& param = "") {
  return R"({"error":{"message":")" + message + R"(","type":"invalid_request_error","param":)" +
         (param.empty() ? "null" : '"' + param + '"') + R"(,"code":)" + (code.empty() ? "null" : '"' + code + '"') + "}}";
}

TEST(MissingObject, IsWhatAResourceDoesNotHave) {
  EXPECT_TRUE(is_missing_object(404, error("not_found")));
  EXPECT_TRUE(is_missing_object(404, error("")));
  EXPECT_TRUE(is_missing_object(404, error("NotFound", "Azure OpenAI Responses API is not enabled in this region")));
  EXPECT_TRUE(is_missing_object(404, "<html>"));
  EXPECT_TRUE(is_missing_object(400, error("previous_response_not_found", "m", "previous_response_id")));
  EXPECT_TRUE(is_missing_object(400, error("invalid_encrypted_content", "The encrypted content could not be verified.")));
  EXPECT_TRUE(is_missing_object(400, error("", "Invalid 'input_file_id': no such file.", "input_file_id")));
  EXPECT_TRUE(is_missing_object(400, error("invalid_value", "invalid training_file: file-1", "training_file")));
}

TEST(MissingObject, IsNotAnotherError) {
  EXPECT_FALSE(is_missing_object(404, error("404", "Resource not found")));
  EXPECT_FALSE(is_missing_object(404, error("DeploymentNotFound")));
  EXPECT_FALSE(is_missing_object(404, error("model_not_found")));
  EXPECT_FALSE(is_missing_object(400, error("invalid_value", "Unknown tool: not found in list", "tools")));
  EXPECT_FALSE(is_missing_object(400, error("", "Invalid value", "input_file_id")));
  EXPECT_FALSE(is_missing_object(400, "not json"));
  EXPECT_FALSE(is_missing_object(200, error("not_found")));
  EXPECT_FALSE(is_missing_object(500, error("not_found")));
}

TEST(MissingObject, KnowsTheOneThatIsReportedByMistake) {
  EXPECT_TRUE(is_missing_previous_response(400, error("previous_response_not_found")));
  EXPECT_FALSE(is_missing_previous_response(404, error("not_found")));
  EXPECT_FALSE(is_missing_previous_response(400, error("invalid_value")));
}

TEST(MissingObject, IsToldInTheProvidersWords) {
  RouteError problem;
  const auto route = parse_target("GET", "/openai/v1/files/file-1", problem);
  const auto file = missing_object(*route, "file-1", "");
  EXPECT_EQ(file.status, 404);
  EXPECT_EQ(file.body, R"({"error":{"message":"No such File object: file-1","type":"invalid_request_error","param":"id","code":"not_found"}})");
  const auto chained = missing_object(*route, "resp_1", "previous_response_id");
  EXPECT_EQ(chained.status, 400);
  EXPECT_TRUE(is_missing_previous_response(chained.status, chained.body)) << chained.body;
  for (const auto* const field : {"", "previous_response_id", "conversation", "container", "input", "input_file_id", "training_file", "file_id", "vector_store_ids"}) {
    const auto missing = missing_object(*route, "x", field);
    EXPECT_TRUE(is_missing_object(missing.status, missing.body)) << missing.body;
  }
  EXPECT_NE(missing_object(*route, "a\"b", "").body.find(R"(a\"b)"), std::string::npos);
}

TEST(MissingObject, IsNamedAsWhatItIsInAPath) {
  const auto told = [](std::string_view target, std::string_view id) {
    RouteError problem;
    return missing_object(*parse_target("GET", target, problem), id, "").body;
  };
  EXPECT_NE(told("/v1/vector_stores/vs_1/files/file-1", "vs_1").find("No vector store found with id 'vs_1'."), std::string::npos);
  EXPECT_NE(told("/v1/vector_stores/vs_1/files/file-1", "file-1").find("No file found with id 'file-1'."), std::string::npos);
  EXPECT_NE(told("/v1/vector_stores/vs_1/file_batches/vsfb_1", "vsfb_1").find("No file batch found with id 'vsfb_1'."), std::string::npos);
}

TEST(PathIds, AreThoseOfTheOperation) {
  const auto ids = [](std::string_view method, std::string_view target) {
    RouteError problem;
    const auto route = parse_target(method, target, problem);
    EXPECT_TRUE(route) << target;
    const auto found = route ? ids_in_path(*route) : PathIds();
    return found.outer + "|" + found.inner;
  };
  EXPECT_EQ(ids("GET", "/openai/v1/responses/resp_1"), "resp_1|");
  EXPECT_EQ(ids("GET", "/openai/responses/resp%5F1/input_items?api-version=x"), "resp_1|");
  EXPECT_EQ(ids("POST", "/v1/responses"), "|");
  EXPECT_EQ(ids("POST", "/v1/responses/compact"), "|");
  EXPECT_EQ(ids("GET", "/v1/files/file-1/content"), "file-1|");
  EXPECT_EQ(ids("GET", "/v1/files"), "|");
  EXPECT_EQ(ids("POST", "/v1/batches/batch_1/cancel"), "batch_1|");
  EXPECT_EQ(ids("GET", "/v1/fine_tuning/jobs/ftjob-1/events"), "ftjob-1|");
  EXPECT_EQ(ids("GET", "/v1/vector_stores/vs_1/files/file-1/content"), "vs_1|file-1");
  EXPECT_EQ(ids("POST", "/v1/vector_stores/vs_1/file_batches/vsfb_1/cancel"), "vs_1|vsfb_1");
  EXPECT_EQ(ids("POST", "/v1/vector_stores/vs_1/files"), "vs_1|");
  EXPECT_EQ(ids("GET", "/v1/models/gpt-4o"), "|");
}

}  // namespace
}  // namespace tollgate::openai
