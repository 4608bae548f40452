// The service without sockets: auth, routing, deployments, throttling, faults and the journal.
#include "mock_azure/service.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mock_azure/json.hpp"
#include "mock_azure/multipart.hpp"

namespace tollgate::mock::service_test {
namespace {

constexpr char chat_path[] = "/openai/v1/chat/completions";
const std::string hello = R"({"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]})";

// Keeps the bytes that an HttpRequest only refers to.
class Asked {
 public:
  Asked(std::string method, std::string path, std::string query = {}, std::string body = {})
      : method_(std::move(method)), path_(std::move(path)), query_(std::move(query)),
        body_(std::move(body)) {
    request_.method = method_;
    request_.path = path_;
    request_.query = query_;
    request_.body = body_;
    with("host", "localhost").with("api-key", "mock-azure-key");
  }
  Asked& with(std::string_view name, std::string_view value) {
    request_.headers.push_back({name, value});
    return *this;
  }
  Asked& without_headers() {
    request_.headers.clear();
    return *this;
  }
  const HttpRequest& request() const { return request_; }

 private:
  std::string method_, path_, query_, body_;
  HttpRequest request_;
};

Reply send(Service& service, const Asked& asked) {
  Reply reply = service.handle(asked.request());
  service.finished(reply, End::complete, 0);
  return reply;
}

Reply chat(Service& service, const std::string& body) {
  return send(service, Asked("POST", chat_path, "", body));
}

Json error_of(const Reply& reply) { return Json::parse(reply.body)["error"]; }

std::vector<std::string> events_of(Reply& reply) {
  std::vector<std::string> events;
  EventSource::Event event;
  while (reply.events->next(event)) {
    events.push_back(event.data);
    event = {};
  }
  return events;
}

TEST(MockService, AnswersTheSameOnBothSurfaces) {
  Service service{Config{}};
  const Reply v1 = chat(service, hello);
  const Reply dated = send(service, Asked("POST", "/openai/deployments/gpt-4o/chat/completions",
                                          "api-version=2024-10-21", hello));
  EXPECT_EQ(v1.status, 200);
  EXPECT_EQ(v1.body, dated.body);
  EXPECT_EQ(v1.headers, dated.headers);
}

TEST(MockService, RefusesWrongKeysInAzuresWords) {
  Service service{Config{}};
  Asked asked("POST", chat_path, "", hello);
  asked.without_headers().with("host", "h").with("api-key", "wrong");
  const Reply reply = send(service, asked);
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(error_of(reply)["code"], "401");
  asked.without_headers().with("Authorization", "Bearer mock-azure-key");
  EXPECT_EQ(send(service, asked).status, 200);
}

TEST(MockService, ADatedPathNeedsAKnownVersion) {
  Service service{Config{}};
  const char* path = "/openai/deployments/gpt-4o/chat/completions";
  for (const char* query : {"", "api-version=2020-01-01", "api-version="}) {
    const Reply reply = send(service, Asked("POST", path, query, hello));
    EXPECT_EQ(reply.status, 404) << query;
    EXPECT_EQ(error_of(reply)["message"], "Resource not found");
  }
}

TEST(MockService, AnUnknownDeploymentIsNotFound) {
  Config config;
  config.accept_any_deployment = false;
  Service service{config};
  const Reply reply = chat(service, hello);
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(error_of(reply)["code"], "DeploymentNotFound");
  // Before anybody looks at the body.
  const Reply of_nothing = send(service, Asked("POST", "/openai/deployments/x/chat/completions", "api-version=2024-10-21", "{}"));
  EXPECT_EQ(of_nothing.status, 404);
  EXPECT_EQ(chat(service, R"({"model":"x","messages":[]})").status, 404);
}

TEST(MockService, TakesTenCustomHeadersAndNotEleven) {
  Service service{Config{}};
  std::vector<std::string> names;
  for (int i = 0; i < 11; ++i) names.push_back("x-custom-" + std::to_string(i));
  Asked asked("POST", chat_path, "", hello);
  asked.with("accept", "*/*").with("content-type", "application/json").with("traceparent", "00");
  for (int i = 0; i < 10; ++i) asked.with(names[static_cast<std::size_t>(i)], "1");
  EXPECT_EQ(send(service, asked).status, 200);
  asked.with(names[10], "1");
  EXPECT_EQ(send(service, asked).status, 431);
}

TEST(MockService, APtuDeploymentThrottlesWithMilliseconds) {
  const Config config = parse_config(
      "deployments: {p: {model: gpt-4o, kind: ptu, units: 1, input_tpm_per_unit: 60}}", "test");
  Service service{config};
  const std::string body =
      R"({"model":"p","messages":[{"role":"user","content":"[[mock tokens=60]]"}]})";
  const Reply first = chat(service, body);
  EXPECT_EQ(first.status, 200);
  EXPECT_NE(first.headers.find("azure-openai-deployment-utilization: "), std::string::npos);
  EXPECT_EQ(first.headers.find("x-ratelimit"), std::string::npos);
  const Reply second = chat(service, body);
  EXPECT_EQ(second.status, 429);
  EXPECT_NE(second.headers.find("retry-after: "), std::string::npos);
  EXPECT_NE(second.headers.find("retry-after-ms: "), std::string::npos);
}

TEST(MockService, APaygDeploymentThrottlesInTheWordsOf2025) {
  const Config config = parse_config(
      "deployments: {p: {model: gpt-4o, kind: payg, tokens_per_minute: 300}}", "test");
  Service service{config};
  const std::string body = R"({"model":"p","messages":[{"role":"user","content":"Hi"}]})";
  EXPECT_EQ(chat(service, body).status, 200);
  const Reply reply = chat(service, body);
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(error_of(reply)["code"], "RateLimitReached");
  const std::string message = error_of(reply)["message"];
  EXPECT_TRUE(message.starts_with("Your requests to p for gpt-4o in Sweden Central have exceeded"));
  EXPECT_NE(reply.headers.find("x-ratelimit-remaining-tokens: "), std::string::npos);
}

TEST(MockService, AStreamHasAzuresFrames) {
  Service service{Config{}};
  Reply reply = service.handle(
      Asked("POST", chat_path, "",
            R"({"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},)"
            R"("messages":[{"role":"user","content":"[[mock tokens=3]]"}]})").request());
  ASSERT_NE(reply.events, nullptr);
  EXPECT_NE(reply.headers.find("x-accel-buffering: no"), std::string::npos);
  const auto events = events_of(reply);
  service.finished(reply, End::complete, 3);
  ASSERT_EQ(events.size(), 8U);  // filter, role, three tokens, finish, usage, done
  const Json first = Json::parse(events[0]);
  EXPECT_TRUE(first["choices"].empty());
  EXPECT_EQ(first["id"], "");
  EXPECT_TRUE(first.contains("prompt_filter_results"));
  EXPECT_EQ(Json::parse(events[1])["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(Json::parse(events[2])["choices"][0]["delta"]["content"], "the");
  EXPECT_EQ(Json::parse(events[2])["usage"], nullptr);
  EXPECT_EQ(Json::parse(events[5])["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(Json::parse(events[6])["usage"]["completion_tokens"], 3);
  EXPECT_EQ(events[7], "[DONE]");
}

TEST(MockService, AnAsynchronousFilterAnnotatesAfterTheEnd) {
  Service service{Config{}};
  Reply reply = service.handle(
      Asked("POST", chat_path, "",
            R"({"model":"gpt-4o","stream":true,)"
            R"("messages":[{"role":"user","content":"[[mock tokens=2 async]]"}]})").request());
  const auto events = events_of(reply);
  service.finished(reply, End::complete, 2);
  ASSERT_GE(events.size(), 3U);
  const Json annotation = Json::parse(events[events.size() - 2]);
  EXPECT_EQ(annotation["id"], "");
  EXPECT_FALSE(annotation["choices"][0].contains("delta"));
  EXPECT_TRUE(annotation["choices"][0].contains("content_filter_offsets"));
  EXPECT_EQ(Json::parse(events[events.size() - 3])["choices"][0]["finish_reason"], "stop");
}

TEST(MockService, ResponsesNumberTheirEventsAndSayNoDone) {
  Service service{Config{}};
  Reply reply = service.handle(
      Asked("POST", "/openai/v1/responses", "",
            R"({"model":"gpt-4o","input":"Hi","stream":true})").request());
  const auto events = events_of(reply);
  service.finished(reply, End::complete, 4);
  ASSERT_GE(events.size(), 8U);
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(Json::parse(events[i])["sequence_number"], i);
  }
  EXPECT_EQ(Json::parse(events.front())["type"], "response.created");
  const Json last = Json::parse(events.back());
  EXPECT_EQ(last["type"], "response.completed");
  EXPECT_EQ(last["response"]["output"][0]["content"][0]["text"], "You said: Hi");
}

TEST(MockService, AChainNeedsItsStoredBeginning) {
  Service service{Config{}};
  const auto create = [&](const std::string& rest) {
    return send(service, Asked("POST", "/openai/v1/responses", "",
                               R"({"model":"gpt-4o","input":"Hi")" + rest + "}"));
  };
  const Json stored = Json::parse(create("").body);
  const std::string id = stored["id"];
  const Json next = Json::parse(create(R"(,"previous_response_id":")" + id + '"').body);
  EXPECT_GT(next["usage"]["input_tokens"].get<int>(), stored["usage"]["total_tokens"].get<int>());
  const Reply missing = create(R"(,"previous_response_id":"resp_none")");
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(error_of(missing)["code"], "previous_response_not_found");
  EXPECT_EQ(send(service, Asked("DELETE", "/openai/v1/responses/" + id)).status, 200);
  EXPECT_EQ(send(service, Asked("GET", "/openai/v1/responses/" + id)).status, 404);
}

TEST(MockService, BlockedPromptsSpeakEachSurfacesDialect) {
  Service service{Config{}};
  const auto blocked = [&](const std::string& path, const std::string& body) {
    const Reply reply = send(service, Asked("POST", path, "", body));
    EXPECT_EQ(reply.status, 400);
    return error_of(reply);
  };
  const auto message = [](const std::string& text) {
    return R"({"model":"m","messages":[{"role":"user","content":")" + text + R"("}]})";
  };
  EXPECT_TRUE(blocked(chat_path, message("[[mock filter]]"))["innererror"].contains(
      "content_filter_result"));
  EXPECT_TRUE(blocked(chat_path, message("[[mock filter=plural]]"))["innererror"].contains(
      "content_filter_results"));
  EXPECT_FALSE(blocked(chat_path, message("[[mock filter=bare]]")).contains("innererror"));
  EXPECT_TRUE(blocked("/v1/images/generations", R"({"model":"m","prompt":"[[mock filter]]"})")
                  .contains("inner_error"));
  EXPECT_TRUE(blocked("/v1/responses", R"({"model":"m","input":"[[mock filter]]"})")
                  .contains("content_filters"));
}

TEST(MockService, PlantedFaultsHitTheirDeploymentAlone) {
  Service service{Config{}};
  const Reply planted = send(service, Asked("POST", "/mock/faults", "",
      R"({"deployment":"gpt-4o","fault":"status=429 retry_after=9","times":1})"));
  EXPECT_EQ(planted.status, 200);
  EXPECT_EQ(chat(service, R"({"model":"o3","messages":[{"role":"user","content":"x"}]})").status,
            200);
  const Reply hit = chat(service, hello);
  EXPECT_EQ(hit.status, 429);
  EXPECT_NE(hit.headers.find("retry-after: 9\r\n"), std::string::npos);
  EXPECT_EQ(chat(service, hello).status, 200);
  EXPECT_EQ(send(service, Asked("POST", "/mock/faults", "", R"({"fault":"melt"})")).status, 400);
}

TEST(MockService, FaultsPlantedForAllHitWhatNamesNoDeploymentToo) {
  Service service{Config{}};
  send(service, Asked("POST", "/mock/faults", "", R"({"deployment":"gpt-4o","fault":"status=503"})"));
  EXPECT_EQ(send(service, Asked("GET", "/v1/files")).status, 200);
  send(service, Asked("DELETE", "/mock/faults"));
  send(service, Asked("POST", "/mock/faults", "", R"({"deployment":"*","fault":"status=503"})"));
  for (const char* path : {"/v1/files", "/v1/responses/resp_1", "/v1/batches/batch_1", "/v1/vector_stores", "/v1/models"}) {
    EXPECT_EQ(send(service, Asked("GET", path)).status, 503) << path;
  }
  EXPECT_EQ(chat(service, hello).status, 503);
}

TEST(MockService, AnswersEarlyOnlyWhenTold) {
  Service service{Config{}};
  Asked asked("POST", chat_path, "", hello);
  EXPECT_FALSE(service.handle_early(asked.request()));
  asked.with("x-mock-fault", "status=413 early");
  auto reply = service.handle_early(asked.request());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
  EXPECT_TRUE(reply->closes);
  service.finished(*reply, End::complete, 0);
}

TEST(MockService, TheJournalTellsAllButCredentials) {
  Service service{Config{}};
  chat(service, hello);
  const Json entries = Json::parse(send(service, Asked("GET", "/mock/journal")).body);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0]["deployment"], "gpt-4o");
  EXPECT_EQ(entries[0]["body"], hello);
  EXPECT_EQ(entries[0]["end"], "complete");
  EXPECT_EQ(entries[0]["completion_tokens"], 4);
  EXPECT_EQ(entries.dump().find("mock-azure-key"), std::string::npos);
  EXPECT_EQ(send(service, Asked("GET", "/mock/journal", "since=1")).body, "[]");
  send(service, Asked("DELETE", "/mock/journal"));
  EXPECT_EQ(send(service, Asked("GET", "/mock/journal")).body, "[]");
}

TEST(MockService, AClientThatLeavesIsChargedForWhatItGot) {
  Service service{Config{}};
  Reply reply = service.handle(
      Asked("POST", chat_path, "",
            R"({"model":"gpt-4o","stream":true,)"
            R"("messages":[{"role":"user","content":"[[mock tokens=90]]"}]})").request());
  service.finished(reply, End::client_gone, 7);
  const Json entries = Json::parse(send(service, Asked("GET", "/mock/journal")).body);
  EXPECT_EQ(entries[0]["end"], "client_gone");
  EXPECT_EQ(entries[0]["completion_tokens"], 7);
}

TEST(MockConfig, PointsAtTheLineThatIsWrong) {
  const auto message = [](const char* yaml) -> std::string {
    try {
      parse_config(yaml, "f.yaml");
    } catch (const ConfigError& e) {
      return e.what();
    }
    return {};
  };
  EXPECT_EQ(message("threads: 2\nspeed: 3\n"),
            "f.yaml:2: unknown field 'speed' in the configuration");
  EXPECT_EQ(message("deployments:\n  a: {kind: ptu}\n"),
            "f.yaml:2: a ptu deployment needs 'units'");
  EXPECT_EQ(message("threads: many\n"), "f.yaml:1: 'threads' has a value of the wrong type");
  EXPECT_EQ(message("a: [\n"). substr(0, 7), "f.yaml:");
  EXPECT_EQ(message(""), "");
}

TEST(MockMultipart, TakesPartsApart) {
  const auto form = parse_form(
      "multipart/form-data; boundary=\"b-1\"",
      "--b-1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n"
      "--b-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
      "Content-Type: audio/wav\r\n\r\n\r\n--b-2\r\n\r\n--b-1--\r\n");
  ASSERT_TRUE(form);
  ASSERT_EQ(form->parts.size(), 2U);
  EXPECT_EQ(form->text("model"), "whisper");
  EXPECT_EQ(form->parts[1].filename, "a.wav");
  EXPECT_EQ(form->parts[1].content_type, "audio/wav");
  EXPECT_EQ(form->parts[1].content, "\r\n--b-2\r\n");
  EXPECT_FALSE(parse_form("application/json", "{}"));
  EXPECT_FALSE(parse_form("multipart/form-data; boundary=b", "--b\r\n\r\nx"));
}

}  // namespace
}  // namespace tollgate::mock::service_test
