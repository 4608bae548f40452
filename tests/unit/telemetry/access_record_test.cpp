#include "telemetry/access_record.hpp"

#include "ended_exchange.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace tollgate::telemetry {
namespace {

using nlohmann::json;

json record_of(const EndedExchange& ended) {
  std::string line;
  format_record(line, ended.ex, ended.outcome);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one record is one line";
  return json::parse(line);
}

TEST(AccessRecord, TellsWhatHappened) {
  EndedExchange ended;
  ended.headers = {{"X-Tollgate-Session", "s-1", HeaderName::x_tollgate_session}, {"x-tollgate-task", "t-2", HeaderName::x_tollgate_task}};
  ended.ex.headers = ended.headers;
  ended.ex.response_model = "gpt-4o-2024-08-06";
  ended.ex.upstream_request_id = "3b2f2a7a";
  EXPECT_EQ(record_of(ended), json::parse(R"({
    "time": "2025-12-31T23:59:59.042Z", "request_id": "req_1",
    "subscription": "payments-web", "cost_center": "CC-1042", "key": null, "session": "s-1", "task": "t-2",
    "client": "10.1.2.3:51234", "method": "POST",
    "path": "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
    "operation": "chat_completions", "surface": "deployment", "stream": true,
    "model_asked": "gpt-4o", "model": "gpt-4o", "deployment": "gpt-4o-ptu",
    "response_model": "gpt-4o-2024-08-06", "route": "primary", "attempts": 1,
    "status": 200, "upstream_status": 200, "end": "complete", "usage": "reported",
    "error_source": null, "error_code": null, "error_detail": null,
    "prompt_tokens": 100, "cached_tokens": 60, "completion_tokens": 41, "reasoning_tokens": 0, "prompt_audio_tokens": 0, "completion_audio_tokens": 0,
    "total_tokens": 141, "cost_usd": null, "prompt_counted": null, "refused_by": null, "ttft_ms": 400.0, "duration_ms": 1200.0, "overhead_us": 60,
    "bytes_in": 320, "bytes_out": 9000, "chunks": 43, "frames_in": null, "frames_out": null, "responses": null,
    "session_end": null, "close_code": null, "closed_by": null, "upstream_request_id": "3b2f2a7a"})"));
}

TEST(AccessRecord, WhatIsNotKnownIsNull) {
  EndedExchange ended;
  ended.ex.subscription = nullptr;
  ended.ex.model = nullptr;
  ended.ex.deployment = nullptr;
  ended.ex.model_asked.clear();
  ended.ex.usage = {};
  ended.ex.first_token = {};
  ended.ex.status = 0;
  ended.ex.upstream_status = 0;
  auto record = record_of(ended);
  for (const char* field :
       {"subscription", "cost_center", "session", "task", "model_asked", "model", "deployment",
        "route", "status", "upstream_status", "ttft_ms", "prompt_tokens", "cached_tokens",
        "completion_tokens", "reasoning_tokens", "total_tokens", "upstream_request_id"})
    EXPECT_TRUE(record.at(field).is_null()) << field;
}

TEST(AccessRecord, NamesTheError) {
  EndedExchange ended;
  ended.ex.status = 401;
  ended.ex.error_detail = "no key of any subscription";
  ended.outcome = {End::refused, ErrorKind::unauthorized, ErrorSource::client};
  auto record = record_of(ended);
  EXPECT_EQ(record["end"], "refused");
  EXPECT_EQ(record["error_source"], "client");
  EXPECT_EQ(record["error_code"], "invalid_api_key");
  EXPECT_EQ(record["error_detail"], "no key of any subscription");
}

TEST(AccessRecord, HoldsNoSecretAndNoPrompt) {
  EndedExchange ended;
  ended.headers = {{"api-key", "SECRET-1"},
                   {"Authorization", "Bearer SECRET-2"},
                   {"Ocp-Apim-Subscription-Key", "SECRET-3"},
                   {"Cookie", "SECRET-4"}};
  ended.ex.headers = ended.headers;
  ended.ex.target =
      "/openai/realtime?api-version=2024-10-21&subscription-key=SECRET-5&api-key=SECRET-6&SECRET-7"
      "&order=asc;api-key=SECRET-8&limit=SECRET%209&api-key";
  const std::string prompt = R"({"messages":[{"content":"SECRET-10"}]})";
  ended.ex.body.storage = std::make_unique<char[]>(prompt.size() + RequestBody::padding);
  prompt.copy(ended.ex.body.storage.get(), prompt.size());
  ended.ex.body.size = prompt.size();
  ended.deployment.api_key = Secret("SECRET-11");
  std::string line;
  format_record(line, ended.ex, ended.outcome);
  EXPECT_EQ(line.find("SECRET"), std::string::npos) << line;
  EXPECT_EQ(json::parse(line)["path"],
            "/openai/realtime?api-version=2024-10-21&subscription-key=***&api-key=***&***"
            "&order=***&limit=***&***");
}

TEST(AccessRecord, HidesAnAbsoluteTarget) {
  EndedExchange ended;
  ended.ex.target = "http://user:SECRET@host/v1/models";
  EXPECT_TRUE(record_of(ended)["path"].is_null());
}

TEST(AccessRecord, PutsThePathPrefixBack) {
  EndedExchange ended;
  ended.ex.path_prefix = "/team-a";
  ended.ex.target = "/v1/models";
  EXPECT_EQ(record_of(ended)["path"], "/team-a/v1/models");
}

TEST(AccessRecord, BoundsAndEscapesWhatClientsChoose) {
  EndedExchange ended;
  std::string session;
  while (session.size() < 1'000) session += "\xc3\xa4\"";  // three bytes, so that 256 cuts one
  std::string path = "/v1/" + std::string(5'000, 'x');
  std::string query;
  for (int i = 0; i < 500; ++i) query += "&" + std::string(100, 'n') + "=1";
  std::string target = path + "?" + query;
  ended.headers = {{"x-tollgate-session", session, HeaderName::x_tollgate_session}, {"x-tollgate-task", "a\xff\x01z", HeaderName::x_tollgate_task}};
  ended.ex.headers = ended.headers;
  ended.ex.target = target;
  ended.ex.method = "PROPFINDPROPFINDPROPFIND";
  ended.ex.model_asked = std::string(5'000, 'm');
  std::string line;
  format_record(line, ended.ex, ended.outcome);
  EXPECT_LT(line.size(), 4'096u);
  auto record = json::parse(line);  // throws on invalid UTF-8
  EXPECT_LE(record["session"].get<std::string>().size(), 256u);
  EXPECT_EQ(record["session"].get<std::string>().find("\xef\xbf\xbd"), std::string::npos);
  EXPECT_EQ(record["task"], "a\xef\xbf\xbd\x01z");
  EXPECT_EQ(record["model_asked"].get<std::string>().size(), 256u);
}

TEST(AccessRecord, WritesTheTimeAcrossSeconds) {
  using namespace std::chrono_literals;
  EndedExchange ended;
  auto time_after = [&](std::chrono::milliseconds since_epoch) {
    ended.ex.started_wall = WallTime(since_epoch);
    return record_of(ended)["time"].get<std::string>();
  };
  EXPECT_EQ(time_after(1'767'225'599'999ms), "2025-12-31T23:59:59.999Z");
  EXPECT_EQ(time_after(1'767'225'600'000ms), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(time_after(1'767'225'599'001ms), "2025-12-31T23:59:59.001Z");
  EXPECT_EQ(time_after(1'709'208'000'000ms), "2024-02-29T12:00:00.000Z");
}

TEST(AccessRecord, TellsMoneyToTheNanoDollar) {
  EndedExchange ended;
  ended.ex.cost = 12'000'000'345;
  ended.ex.prompt_estimate = 98;
  ended.ex.refused_by = "standard.tokens/minute";
  const auto record = record_of(ended);
  EXPECT_DOUBLE_EQ(record["cost_usd"].get<double>(), 12.000000345);
  EXPECT_EQ(record["prompt_counted"], 98);
  EXPECT_EQ(record["refused_by"], "standard.tokens/minute");
}

}  // namespace
}  // namespace tollgate::telemetry
