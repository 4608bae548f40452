// What the answers of a deployment mean to `tollgate doctor`.
#include "cli/doctor/answer.hpp"
#include "doctor_expect.hpp"

#include <algorithm>

namespace tollgate::cli::doctor {
namespace {

AnswerSeen answer(int status, std::string code = "", std::string message = "") {
  AnswerSeen seen;
  seen.status = status;
  seen.code = std::move(code);
  seen.message = std::move(message);
  seen.is_json = true;
  return seen;
}
const AnswerSeen read = answer(400, "invalid_request_error", "[] is too short - 'messages'");
const AnswerSeen no_path = answer(404, "404", "Resource not found");
const AnswerSeen no_deployment = answer(404, "DeploymentNotFound", "The API deployment for this resource does not exist.");

class DoctorDeployment : public testing::Test {
 protected:
  DoctorDeployment() {
    asked.name = "gpt4o";
    asked.resource = "contoso.openai.azure.com";
    asked.api_version = "2024-10-21";
  }
  Finding find(const std::string& check, const AnswerSeen& dated, const AnswerSeen& v1) {
    const auto all = judge_deployment(asked, dated, v1);
    const auto found = std::find_if(all.begin(), all.end(), [&](const Finding& f) { return f.check == check; });
    return found == all.end() ? Finding{check, Verdict::skipped, "absent", ""} : *found;
  }
  DeploymentAsked asked;
};

TEST_F(DoctorDeployment, ThatReadsTheRequestIsFine) {
  for (const Finding& finding : judge_deployment(asked, read, read)) EXPECT_EQ(finding.verdict, Verdict::ok);
  expect(find("credential", read, read), Verdict::ok, "the key is accepted", "");
  expect(find("api-version", read, read), Verdict::ok, "2024-10-21 and v1", "");
}

TEST_F(DoctorDeployment, WrongKey) {
  const AnswerSeen refused = answer(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.");
  expect(find("credential", refused, refused), Verdict::fail, "401: Access denied", "not one of contoso.openai.azure.com");
  expect(find("deployment", refused, refused), Verdict::skipped, "", "");
  asked.credential = "azure";
  expect(find("credential", refused, refused), Verdict::fail, "401", "does not accept the token");
}

TEST_F(DoctorDeployment, KeysDisabled) {
  const AnswerSeen refused = answer(403, "AuthenticationTypeDisabled", "Key based authentication is disabled for this resource.");
  expect(find("credential", refused, refused), Verdict::fail, "Key based", "credential: azure");
}

TEST_F(DoctorDeployment, WrongAudience) {
  asked.credential = "azure";
  const AnswerSeen refused = answer(401, "401", "The audience of the token is not valid.");
  expect(find("credential", refused, refused), Verdict::fail, "audience", "cloud and tenant");
  const AnswerSeen regional = answer(400, "BadRequest", "Please provide a custom subdomain for token authentication.");
  expect(find("credential", regional, regional), Verdict::fail, "custom subdomain", "own name");
}

TEST_F(DoctorDeployment, ATokenOfAnotherTenantIsRefusedWith400) {
  asked.credential = "azure";
  const AnswerSeen refused = answer(400, "Tenant provided in token does not match resource token",
                                    "Token tenant 1 does not match resource tenant.");
  expect(find("credential", refused, refused), Verdict::fail, "does not match resource", "cloud and tenant");
  expect(find("deployment", refused, refused), Verdict::skipped, "", "");
}

TEST_F(DoctorDeployment, AVersionMayBeRefusedWith400) {
  asked.is_version_chosen = true;
  for (const char* words : {"API version not supported", "Model o3-pro is enabled only for api versions 2025-03-01-preview and later"}) {
    const AnswerSeen refused = answer(400, "BadRequest", words);
    expect(find("api-version", refused, read), Verdict::fail, "v1, not 2024-10-21", "--api-version");
    expect(find("deployment", refused, read), Verdict::skipped, "", "");
  }
}

TEST_F(DoctorDeployment, ARetiredModelIsNoneThatCanBeCalled) {
  const AnswerSeen retired = answer(410, "ModelDeprecated", "The model gpt-4 has been deprecated.");
  expect(find("deployment", retired, retired), Verdict::fail, "410 ModelDeprecated", "is retired");
  expect(find("credential", retired, retired), Verdict::ok, "accepted", "");
}

TEST_F(DoctorDeployment, RefusalsByStatusNeedNoJson) {
  AnswerSeen full = answer(429), walled = answer(403, "", "Access denied due to Virtual Network/Firewall rules."), page = answer(404);
  full.is_json = walled.is_json = page.is_json = false;
  AnswerSeen unknown = answer(401);
  unknown.is_json = false;
  expect(find("deployment", full, full), Verdict::warn, "full at the moment", "");
  expect(find("credential", unknown, unknown), Verdict::fail, "401", "not one of");
  expect(find("access", walled, walled), Verdict::fail, "403", "selected networks");
  expect(find("api-version", read, page), Verdict::warn, "2024-10-21, not v1", "");
}

TEST_F(DoctorDeployment, RoleMissing) {
  asked.credential = "azure";
  const AnswerSeen refused = answer(401, "PermissionDenied", "The principal `1` lacks the required data action `x`");
  expect(find("credential", refused, refused), Verdict::fail, "PermissionDenied", "Cognitive Services OpenAI User");
}

TEST_F(DoctorDeployment, PublicAccessDisabled) {
  AnswerSeen refused = answer(403, "403", "Public access is disabled. Please configure private endpoint.");
  expect(find("access", refused, refused), Verdict::fail, "403: Public access", "Give its name the private address");
  asked.zone = "privatelink.openai.azure.com";
  expect(find("access", refused, refused), Verdict::fail, "403", "Link the private DNS zone privatelink.openai.azure.com to");
  refused = answer(403, "AccessDenied", "");
  refused.policy = "ThrowExceptionDueToTrafficDenied";
  expect(find("access", refused, refused), Verdict::fail, "AccessDenied", "private endpoint");
  refused = answer(403, "403", "Access denied due to Virtual Network/Firewall rules.");
  expect(find("access", refused, refused), Verdict::fail, "Firewall", "selected networks");
  expect(find("credential", refused, refused), Verdict::skipped, "", "");
  expect(find("access", answer(403, "Blocked", "abuse"), read), Verdict::fail, "abuse", "refuses this caller");
}

TEST_F(DoctorDeployment, WrongNameSaysWhichAreThere) {
  expect(find("credential", no_deployment, no_deployment), Verdict::ok, "accepted", "");
  expect(find("api-version", no_deployment, no_deployment), Verdict::ok, "2024-10-21 and v1", "");
  expect(find("deployment", no_deployment, no_deployment), Verdict::fail, "gpt4o (404)", "under Deployments");
  asked.others = {"gpt-4o", "embeddings"};
  expect(find("deployment", no_deployment, no_deployment), Verdict::fail, "gpt4o", "Did you mean gpt-4o?");
  asked.others = {"embeddings"};
  expect(find("deployment", no_deployment, no_deployment), Verdict::fail, "gpt4o", "There are: embeddings.");
}

TEST_F(DoctorDeployment, ApiVersions) {
  expect(find("api-version", no_path, read), Verdict::warn, "v1, not 2024-10-21", "--api-version");
  asked.is_version_chosen = true;
  expect(find("api-version", no_path, read), Verdict::fail, "v1, not 2024-10-21", "--api-version");
  asked.is_version_chosen = false;
  // v1 may refuse the empty list before it looks for the name.
  expect(find("deployment", no_path, read), Verdict::skipped, "gpt4o", "");
  expect(find("deployment", no_path, no_deployment), Verdict::fail, "gpt4o (404)", "under Deployments");
  expect(find("deployment", no_path, answer(400, "model_not_found")), Verdict::fail, "gpt4o (404)", "under Deployments");
  expect(find("api-version", read, no_path), Verdict::warn, "2024-10-21, not v1", "/openai/v1");
  expect(find("api-version", no_path, no_path), Verdict::fail, "neither", "`endpoint`");
  EXPECT_EQ(find("credential", no_path, no_path).verdict, Verdict::skipped);
}

TEST_F(DoctorDeployment, ThatGrantsARequestForNothingIsSomethingElse) {
  AnswerSeen portal = answer(200);
  expect(find("deployment", portal, portal), Verdict::fail, "200, where a refusal was due", "does not look like Azure OpenAI");
  portal.is_json = false;
  expect(find("deployment", portal, portal), Verdict::fail, "200, where a refusal was due", "proxy or firewall");
  EXPECT_EQ(find("credential", portal, portal).verdict, Verdict::skipped);
  portal.status = 400;
  EXPECT_EQ(find("deployment", portal, portal).verdict, Verdict::fail);
  EXPECT_EQ(find("credential", portal, portal).verdict, Verdict::skipped);
}

TEST_F(DoctorDeployment, EachOfTheTwoPathsIsJudgedByItself) {
  AnswerSeen none, page = answer(404);
  none.problem = "no answer in time";
  page.is_json = false;
  expect(find("api-version", read, answer(503, "Busy")), Verdict::fail, "2024-10-21, not v1: 503 Busy", "status page");
  expect(find("api-version", page, read), Verdict::skipped, "", "");
  expect(find("deployment", page, read), Verdict::fail, "404, without", "does not look like");
  expect(find("api-version", read, answer(401, "401", "no")), Verdict::fail, "not v1: 401: no", "the other path takes");
  expect(find("api-version", read, none), Verdict::fail, "not v1: no answer in time", "in between");
  expect(find("deployment", read, none), Verdict::ok, "gpt4o is there", "");
  expect(find("api-version", none, read), Verdict::fail, "v1, not 2024-10-21: no answer in time", "in between");
  expect(find("api-version", none, no_path), Verdict::fail, "2024-10-21: no answer in time", "in between");
  expect(find("api-version", no_path, none), Verdict::fail, "neither 2024-10-21 (404) nor v1: no answer", "in between");
}

TEST_F(DoctorDeployment, WhatIsNotKnownBeforeTheFaultsAboveHasAFaultAbove) {
  AnswerSeen none, page = answer(404), portal = answer(200);
  none.problem = "no answer in time";
  page.is_json = portal.is_json = false;
  const std::vector<AnswerSeen> all{read,    no_path,     no_deployment,  none,  page,
                                    portal,  answer(401), answer(403),    answer(429), answer(302), answer(503)};
  for (const AnswerSeen& dated : all)
    for (const AnswerSeen& v1 : all) {
      bool has_fault = false;
      for (const Finding& finding : judge_deployment(asked, dated, v1)) {
        has_fault = has_fault || finding.verdict == Verdict::fail;
        const bool says_so = finding.check == "api-version" && finding.text.find("above") != std::string::npos;
        EXPECT_TRUE(has_fault || !says_so) << dated.status << " and " << v1.status;
      }
      for (const AnswerSeen* one : {&dated, &v1}) {
        const bool is_azure = one->status == 429 || (one->is_json && (one->status == 400 || one->status == 404)) ||
                              (one == &v1 && one->status == 404);
        EXPECT_TRUE(has_fault || is_azure) << dated.status << " and " << v1.status;
      }
    }
}

TEST_F(DoctorDeployment, FullOrInTrouble) {
  expect(find("deployment", answer(429, "429"), read), Verdict::warn, "429", "route");
  expect(find("credential", answer(429, "429"), read), Verdict::ok, "accepted", "");
  expect(find("deployment", answer(503, "ServiceUnavailable"), read), Verdict::fail, "503", "status page");
  AnswerSeen page = answer(404);
  page.is_json = false;
  expect(find("deployment", page, page), Verdict::fail, "404", "does not look like Azure OpenAI");
  expect(find("deployment", answer(302), read), Verdict::fail, "302", "sends elsewhere");
  AnswerSeen moved = answer(307);
  moved.location = "https://other.example/\x1b[2J" + std::string(500, 'x');
  expect(find("deployment", moved, moved), Verdict::fail, "307, to https://other.example/?[2Jxxx", "that it leads to");
  EXPECT_LT(find("deployment", moved, moved).text.size(), 200u);
  AnswerSeen none;
  none.problem = "no answer in time";
  expect(find("answer", none, none), Verdict::fail, "no answer in time", "proxy");
  none.problem = "the answer broke off: tlsv13 alert certificate required";
  expect(find("answer", none, none), Verdict::fail, "certificate required", "`client_certificate`");
}

TEST_F(DoctorDeployment, AnotherRegionThanConfigured) {
  AnswerSeen seen = read;
  seen.region = "Sweden Central";
  asked.region = "swedencentral";
  EXPECT_EQ(find("region", seen, seen).text, "absent");
  asked.region = "eastus2";
  expect(find("region", seen, seen), Verdict::warn, "Sweden Central, configured eastus2", "Correct `region`");
}

TEST(DoctorAnswer, IsReadWithoutTheSecretThatWasSent) {
  fetch::Answer got;
  got.status = 401;
  got.head = "HTTP/1.1 401 Unauthorized\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-ms-region: Sweden Central\r\n"
             "policy-id: ThrowExceptionDueToTrafficDenied\r\nLocation: /?s3cr3t-key\r\nContent-Length: 0\r\n\r\n";
  got.error_body = R"({"error":{"code":401,"message":"no such key: s3cr3t-key"}})";
  got.first_byte = Milliseconds(100);
  const AnswerSeen seen = read_answer(got, "s3cr3t-key", now);
  EXPECT_EQ(seen.code, "401");
  EXPECT_EQ(seen.message, "no such key: ***");
  EXPECT_EQ(seen.region, "Sweden Central");
  EXPECT_EQ(seen.policy, "ThrowExceptionDueToTrafficDenied");
  EXPECT_EQ(seen.location, "/?***");
  EXPECT_EQ(*seen.date, WallTime(std::chrono::seconds(784'111'777)));
  EXPECT_EQ(seen.at, now + std::chrono::milliseconds(50));
  got.error_body = R"({"statusCode":401,"message":"of a gateway in front"})";
  EXPECT_EQ(read_answer(got, "", now).message, "of a gateway in front");
  got.error_body = R"({"error":{"code":401,"message":"no such key: ***"}})";
  for (const char* secret : {"*", "**", "***"})  // what stands in for it holds it
    EXPECT_EQ(read_answer(got, secret, now).message.substr(0, 13), "no such key: ") << secret;
  got.error_body = "<html>";
  EXPECT_FALSE(read_answer(got, "", now).is_json);
}

TEST_F(DoctorDeployment, QuotesNoMoreThanAPieceAndNothingThatATerminalObeys) {
  const AnswerSeen loud = answer(401, "401", "\x1b[2J" + std::string(500, 'x'));
  const std::string text = find("credential", loud, loud).text;
  EXPECT_LT(text.size(), 200u);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tollgate::cli::doctor
