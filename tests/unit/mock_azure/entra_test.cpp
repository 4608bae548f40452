// The stand-in's token endpoints and what its data plane makes of the tokens. No sockets.
#include "mock_azure/service.hpp"

#include <string>

#include <gtest/gtest.h>

#include "mock_azure/json.hpp"

namespace tollgate::mock {
namespace {

constexpr char tenant_token[] = "/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token";
constexpr char imds[] = "/metadata/identity/oauth2/token";
const std::string imds_query = "api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com";
const std::string form = "grant_type=client_credentials&client_id=app&scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default";

struct Asked {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

Reply send(Service& service, const Asked& asked) {
  HttpRequest request;
  request.method = asked.method;
  request.path = asked.path;
  request.query = asked.query;
  request.body = asked.body;
  request.headers.push_back({"host", "localhost"});
  for (const auto& [name, value] : asked.headers) request.headers.push_back({name, value});
  Reply reply = service.handle(request);
  service.finished(reply, End::complete, 0);
  return reply;
}

Reply ask_imds(Service& service, const std::string& more = {}) {
  return send(service, {"GET", imds, imds_query + more, "", {{"Metadata", "true"}}});
}

std::string token_of(const Reply& reply) { return string_member(Json::parse(reply.body), "access_token"); }

Reply chat(Service& service, const std::string& bearer) {
  return send(service, {"POST", "/openai/v1/chat/completions", "",
                        R"({"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]})",
                        {{"authorization", "Bearer " + bearer}}});
}

Reply admin(Service& service, const std::string& path, const std::string& body) {
  return send(service, {"POST", "/mock/" + path, "", body, {}});
}

TEST(MockEntra, TheMetadataServiceGivesTokensWithNumbersAsText) {
  Service service{Config{}};
  const Json answer = Json::parse(ask_imds(service).body);
  EXPECT_EQ(answer["expires_in"], "3599");
  EXPECT_TRUE(answer["expires_on"].is_string());
  EXPECT_EQ(answer["resource"], "https://cognitiveservices.azure.com");
  EXPECT_EQ(chat(service, string_member(answer, "access_token")).status, 200);
}

TEST(MockEntra, TheMetadataServiceWantsItsHeaderAndNoProxy) {
  Service service{Config{}};
  EXPECT_EQ(send(service, {"GET", imds, imds_query, "", {}}).status, 400);
  EXPECT_EQ(send(service, {"GET", imds, imds_query, "", {{"Metadata", "true"}, {"X-Forwarded-For", "10.0.0.1"}}}).status, 400);
}

TEST(MockEntra, OneOfSeveralIdentitiesHasToBeNamed) {
  Config config;
  config.entra.identities = {"one", "two"};
  Service service{config};
  EXPECT_EQ(ask_imds(service).status, 400);
  EXPECT_EQ(ask_imds(service, "&client_id=two").status, 200);
  EXPECT_EQ(ask_imds(service, "&msi_res_id=three").status, 400);
}

TEST(MockEntra, AppServiceWantsItsSecretAndTellsNoLifetime) {
  Service service{Config{}};
  const std::string query = "api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com";
  EXPECT_EQ(send(service, {"GET", "/msi/token", query, "", {{"X-IDENTITY-HEADER", "other"}}}).status, 401);
  const Reply good = send(service, {"GET", "/msi/token", query, "", {{"X-IDENTITY-HEADER", "mock-identity-header"}}});
  const Json answer = Json::parse(good.body);
  EXPECT_FALSE(answer.contains("expires_in"));
  EXPECT_TRUE(answer["expires_on"].is_string());
  const std::string old = "api-version=2017-09-01&resource=https%3A%2F%2Fcognitiveservices.azure.com";
  const Reply first = send(service, {"GET", "/msi/token", old, "", {{"secret", "mock-identity-header"}}});
  EXPECT_EQ(string_member(Json::parse(first.body), "expires_on").substr(2, 1), "/");
}

TEST(MockEntra, AnAppWithASecretHasToKnowIt) {
  Config config;
  config.entra.apps["app"].secret = "right";
  Service service{config};
  EXPECT_EQ(send(service, {"POST", tenant_token, "", form + "&client_secret=right", {}}).status, 200);
  const Reply refused = send(service, {"POST", tenant_token, "", form + "&client_secret=wrong", {}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.body.find("AADSTS7000215"), std::string::npos);
}

TEST(MockEntra, TheDataPlaneTakesTokensAlone) {
  Config config;
  config.entra.accepts = Accepts::tokens;
  Service service{config};
  EXPECT_EQ(chat(service, "mock-azure-key").status, 401);
  EXPECT_EQ(chat(service, "eyJhbGciOiJSUzI1NiJ9.e30.x").status, 401);
  EXPECT_EQ(chat(service, token_of(ask_imds(service))).status, 200);
  const std::string other = token_of(send(service, {"GET", imds, "api-version=2018-02-01&resource=https://graph.microsoft.com", "",
                                                    {{"Metadata", "true"}}}));
  EXPECT_EQ(chat(service, other).status, 401) << "a token for another service";
}

TEST(MockEntra, RevokedTokensAreRefusedUntilTheClaimsAreMet) {
  Service service{Config{}};
  const std::string token = token_of(ask_imds(service));
  admin(service, "entra/revoke", R"({"claims":{"access_token":{"nbf":{"essential":true,"value":"1"}}}})");
  const Reply refused = chat(service, token);
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.headers.find("error=\"insufficient_claims\", claims=\""), std::string::npos) << refused.headers;
  EXPECT_EQ(chat(service, token_of(ask_imds(service))).status, 401) << "asked for without the claims";
  const std::string claims = "&claims=%7B%22access_token%22%3A%7B%22nbf%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%221%22%7D%7D%7D";
  const Reply with_claims = send(service, {"POST", tenant_token, "", form + "&client_secret=x" + claims, {}});
  EXPECT_EQ(chat(service, token_of(with_claims)).status, 200);
}

TEST(MockEntra, TheJournalTellsWhichTokenACallCarriedAndNeverTheToken) {
  Service service{Config{}};
  const std::string token = token_of(ask_imds(service));
  chat(service, token);
  chat(service, "mock-azure-key");
  const std::string journal = send(service, {"GET", "/mock/journal", "", "", {}}).body;
  EXPECT_NE(journal.find("\"credential\":\"token 1 of system\""), std::string::npos) << journal;
  EXPECT_NE(journal.find("\"credential\":\"key sha256:"), std::string::npos);
  EXPECT_EQ(journal.find(token), std::string::npos);
}

TEST(MockEntra, FaultsArePlantedForTokenEndpointsAlone) {
  Service service{Config{}};
  admin(service, "faults", R"({"deployment":"token:imds","fault":"status=503 retry_after=7","times":1})");
  const std::string token = token_of(send(service, {"POST", tenant_token, "", form + "&client_secret=x", {}}));
  EXPECT_EQ(chat(service, token).status, 200);
  const Reply failed = ask_imds(service);
  EXPECT_EQ(failed.status, 503);
  EXPECT_NE(failed.headers.find("retry-after: 7"), std::string::npos);
  EXPECT_EQ(ask_imds(service).status, 200);
}

}  // namespace
}  // namespace tollgate::mock
