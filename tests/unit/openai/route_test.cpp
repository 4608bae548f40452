#include "openai/route.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tollgate::openai {
namespace {

std::optional<Route> route_of(std::string_view method, std::string_view target) {
  RouteError error;
  return parse_target(method, target, error);
}

RouteError error_of(std::string_view method, std::string_view target) {
  RouteError error;
  EXPECT_FALSE(parse_target(method, target, error)) << method << ' ' << target;
  return error;
}

TEST(Route, TakesADeploymentTargetApart) {
  const auto route =
      route_of("POST", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21");
  ASSERT_TRUE(route);
  EXPECT_EQ(route->operation, Operation::chat_completions);
  EXPECT_EQ(route->surface, Surface::deployment);
  EXPECT_EQ(route->model, "gpt-4o");
  EXPECT_EQ(route->tail, "/chat/completions");
  EXPECT_EQ(route->query, "api-version=2024-10-21");
  EXPECT_TRUE(route->takes_json);
  EXPECT_FALSE(route->takes_multipart);
  EXPECT_TRUE(route->names_model);
  EXPECT_TRUE(route->may_stream);
}

TEST(Route, TakesBothV1PrefixesForTheSameSurface) {
  for (const auto* const target : {"/openai/v1/chat/completions", "/v1/chat/completions"}) {
    const auto route = route_of("POST", target);
    ASSERT_TRUE(route) << target;
    EXPECT_EQ(route->surface, Surface::v1);
    EXPECT_EQ(route->tail, "/chat/completions");
    EXPECT_EQ(route->model, "");
    EXPECT_EQ(route->query, "");
  }
}

TEST(Route, FindsTheModelOfASessionInTheQuery) {
  EXPECT_EQ(route_of("GET", "/v1/realtime?model=gpt-realtime")->model, "gpt-realtime");
  EXPECT_EQ(route_of("GET", "/openai/v1/realtime?x=1&model=a%2Db&model=c")->model, "a%2Db");
  EXPECT_EQ(route_of("GET", "/openai/realtime?api-version=v&deployment=d&model=m")->model, "d");
  EXPECT_EQ(route_of("GET", "/v1/realtime?deployment=d&xmodel=m&model")->model, "");
  EXPECT_TRUE(route_of("GET", "/v1/realtime")->names_model);
  EXPECT_EQ(error_of("POST", "/v1/realtime").allow, "GET");
  EXPECT_EQ(error_of("GET", "/openai/deployments/d/realtime").kind, ErrorKind::not_found);
}

TEST(Route, KnowsEveryOperationOfTheDataPlane) {
  struct Case {
    const char* method;
    const char* target;
    Operation operation;
  };
  constexpr auto cases = std::to_array<Case>({
      {"POST", "/openai/deployments/d/completions", Operation::completions},
      {"POST", "/openai/deployments/d/embeddings", Operation::embeddings},
      {"POST", "/openai/deployments/d/images/generations", Operation::images},
      {"POST", "/openai/deployments/d/images/edits", Operation::images},
      {"POST", "/openai/deployments/d/audio/transcriptions", Operation::audio_transcription},
      {"POST", "/openai/deployments/d/audio/translations", Operation::audio_transcription},
      {"POST", "/openai/deployments/d/audio/speech", Operation::audio_speech},
      {"POST", "/openai/deployments/d/batches", Operation::batches},
      {"POST", "/v1/completions", Operation::completions},
      {"POST", "/v1/embeddings", Operation::embeddings},
      {"POST", "/v1/images/generations", Operation::images},
      {"POST", "/v1/audio/speech", Operation::audio_speech},
      {"POST", "/openai/responses?api-version=2025-04-01-preview", Operation::responses},
      {"POST", "/openai/v1/responses", Operation::responses},
      {"GET", "/openai/v1/responses/resp_1?stream=true", Operation::response_object},
      {"DELETE", "/openai/responses/resp_1", Operation::response_object},
      {"POST", "/v1/responses/resp_1/cancel", Operation::response_object},
      {"GET", "/v1/responses/resp_1/input_items", Operation::response_object},
      {"POST", "/v1/responses/compact", Operation::response_object},
      {"GET", "/v1/realtime?model=m", Operation::realtime},
      {"GET", "/openai/realtime?api-version=2025-04-01-preview&deployment=d", Operation::realtime},
      {"GET", "/v1/models", Operation::models},
      {"GET", "/openai/models/gpt-4o", Operation::models},
      {"POST", "/openai/files", Operation::files},
      {"GET", "/openai/files/file-1/content", Operation::files},
      {"DELETE", "/v1/files/file-1", Operation::files},
      {"GET", "/openai/batches", Operation::batches},
      {"POST", "/v1/batches/batch_1/cancel", Operation::batches},
      {"POST", "/v1/fine_tuning/jobs", Operation::fine_tuning},
      {"POST", "/v1/fine_tuning/jobs/ft-1/checkpoints/c:2/copy", Operation::fine_tuning},
      {"GET", "/openai/vector_stores", Operation::vector_stores},
      {"POST", "/v1/vector_stores/vs_1/search", Operation::vector_stores},
      {"DELETE", "/v1/vector_stores/vs_1/files/file-1", Operation::vector_stores},
  });
  for (const auto& [method, target, operation] : cases) {
    const auto route = route_of(method, target);
    ASSERT_TRUE(route) << method << ' ' << target;
    EXPECT_EQ(route->operation, operation) << target;
  }
}

TEST(Route, SaysWhichBodiesAreForms) {
  for (const auto* const target : {"/v1/audio/transcriptions", "/v1/images/edits"}) {
    const auto route = route_of("POST", target);
    ASSERT_TRUE(route);
    EXPECT_TRUE(route->takes_multipart);
    EXPECT_FALSE(route->takes_json);
    EXPECT_TRUE(route->names_model);
  }
  EXPECT_FALSE(route_of("POST", "/v1/files")->takes_multipart);
}

TEST(Route, TreatsBatchesBelowADeploymentAsBatchesOfTheResource) {
  const auto route = route_of("POST", "/openai/deployments/gpt-4o/batches?api-version=x");
  ASSERT_TRUE(route);
  EXPECT_FALSE(route->names_model);
  EXPECT_EQ(route->tail, "/batches");
}

TEST(Route, NamesTheModelThatIsLookedUp) {
  EXPECT_EQ(route_of("GET", "/v1/models/gpt-4o")->model, "gpt-4o");
  EXPECT_EQ(route_of("GET", "/v1/models")->model, "");
}

TEST(Route, DoesNotKnowOtherPaths) {
  for (const auto* const target : {"",
                                   "/",
                                   "/v1",
                                   "/v1/",
                                   "v1/models",
                                   "/v2/models",
                                   "/v1/chat",
                                   "/v1/chat/completions/",
                                   "/v1/chat/completions/c1",
                                   "/openai/chat/completions",
                                   "/openai/embeddings",
                                   "/openai/v1beta/responses",
                                   "/openai/deployments/d/responses",
                                   "/openai/deployments/d",
                                   "/openai/deployments/",
                                   "/openai/deployments//chat/completions",
                                   "/v1/threads",
                                   "/V1/models",
                                   "/metrics",
                                   "/openai/openai/v1/models"}) {
    EXPECT_EQ(error_of("GET", target).kind, ErrorKind::not_found) << target;
    EXPECT_EQ(error_of("POST", target).kind, ErrorKind::not_found) << target;
  }
}

TEST(Route, LetsNoPathThroughThatCouldBeReadAsAnother) {
  for (const auto* const target : {"/v1/files/..",
                                   "/v1/files/.",
                                   "/v1/files/%2e%2e",
                                   "/v1/files/%2E",
                                   "/v1/files/a%2fb",
                                   "/v1/files/a%2Fb/content",
                                   "/v1/files/a%5cb",
                                   "/v1//files",
                                   "/v1/files//content",
                                   "/v1/./files",
                                   "/v1/files/../models",
                                   "/v1/files/a%00b",
                                   "/v1/files/a%",
                                   "/v1/files/a%4",
                                   "/v1/files/a%zz",
                                   "/v1/files/a%252e",
                                   "/v1/files/a;b",
                                   "/v1/files/a b",
                                   "/v1/files/a#b",
                                   "/v1/files/a\r\nb",
                                   "/openai/deployments/../v1/models",
                                   "/openai/deployments/a%2fb/batches",
                                   "/v1/f%69les"})
    EXPECT_EQ(error_of("GET", target).kind, ErrorKind::not_found) << target;
}

TEST(Route, AcceptsIdsEncodedWithoutNeed) {
  const auto route = route_of("GET", "/v1/files/file%2D1");
  ASSERT_TRUE(route);
  EXPECT_EQ(route->tail, "/files/file%2D1");
}

TEST(Route, BoundsTheLengthOfIds) {
  EXPECT_TRUE(route_of("GET", "/v1/files/" + std::string(256, 'a')));
  EXPECT_FALSE(route_of("GET", "/v1/files/" + std::string(257, 'a')));
}

TEST(Route, SaysWhichMethodsAKnownPathTakes) {
  const auto error = error_of("GET", "/v1/chat/completions");
  EXPECT_EQ(error.kind, ErrorKind::method_not_allowed);
  EXPECT_EQ(error.allow, "POST");
  EXPECT_EQ(error_of("PUT", "/v1/files/f").allow, "GET, DELETE");
  EXPECT_EQ(error_of("get", "/v1/models").allow, "GET");
  EXPECT_EQ(error_of("", "/v1/models").kind, ErrorKind::method_not_allowed);
}

TEST(Route, KeepsTheQueryAsItIs) {
  EXPECT_EQ(route_of("GET", "/v1/files?after=%2F..&x=?/")->query, "after=%2F..&x=?/");
  EXPECT_EQ(route_of("GET", "/v1/files?")->query, "");
}

TEST(DecodeModel, DecodesOnce) {
  EXPECT_EQ(decode_model("gpt-4o"), "gpt-4o");
  EXPECT_EQ(decode_model("gpt%2D4o"), "gpt-4o");
  EXPECT_EQ(decode_model("ft:gpt%3a1@v2"), "ft:gpt:1@v2");
  EXPECT_FALSE(decode_model("gpt%252D4o"));
}

TEST(DecodeModel, RefusesWhatIsNoName) {
  for (const auto* const segment :
       {"", ".", "..", "%2e.", "a/b", "a%2fb", "a b", "a%20b", "a%", "ä"})
    EXPECT_FALSE(decode_model(segment)) << segment;
  EXPECT_TRUE(decode_model(std::string(64, 'a')));
  EXPECT_FALSE(decode_model(std::string(65, 'a')));
}

}  // namespace
}  // namespace tollgate::openai
