#include "credentials/identity.hpp"
#include "credentials/token_request.hpp"

#include <gtest/gtest.h>

namespace tollgate::credentials::token_request_test {
namespace {

TokenCredential application(CredentialKind kind) {
  TokenCredential credential;
  credential.kind = kind;
  credential.resource = "https://cognitiveservices.azure.com";
  credential.authority = "https://login.microsoftonline.com";
  credential.tenant = "contoso.onmicrosoft.com";
  credential.client_id = "0f1f3a52-9a5c-4b46-8d3a-1f0c7a5d2b11";
  return credential;
}

TokenCredential machine(IdentityHost host, std::string endpoint) {
  TokenCredential credential;
  credential.resource = "https://cognitiveservices.azure.com";
  credential.host = host;
  credential.endpoint = std::move(endpoint);
  credential.endpoint_secret = Secret("header-secret");
  return credential;
}

TEST(TokenRequest, OfAnApplicationWithASecretIsAForm) {
  auto credential = application(CredentialKind::client_secret);
  credential.secret = Secret("a&b=c d~");
  const auto request = token_request(credential, "", {});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token");
  EXPECT_EQ(request.form,
            "grant_type=client_credentials&client_id=0f1f3a52-9a5c-4b46-8d3a-1f0c7a5d2b11&"
            "scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default&client_secret=a%26b%3Dc%20d~");
  EXPECT_EQ(request.headers, "");
  EXPECT_EQ(request.json, "");
}

TEST(TokenRequest, WithAnAssertionNamesItsType) {
  for (auto kind : {CredentialKind::workload_identity, CredentialKind::client_certificate}) {
    const auto form = token_request(application(kind), "eyJ.a.b", {}).form;
    EXPECT_NE(form.find("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                        "&client_assertion=eyJ.a.b"), form.npos) << form;
    EXPECT_EQ(form.find("client_secret"), form.npos);
  }
}

TEST(TokenRequest, CarriesTheClaimsOfAChallenge) {
  Renewal renewal;
  renewal.claims = R"({"access_token":{}})";
  const auto form = token_request(application(CredentialKind::client_secret), "", renewal).form;
  EXPECT_TRUE(form.ends_with("&claims=%7B%22access_token%22%3A%7B%7D%7D")) << form;
}

TEST(TokenRequest, OfTheMetadataServiceAsksForTheResource) {
  auto credential = machine(IdentityHost::imds, "http://169.254.169.254");
  auto request = token_request(credential, "", {});
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url,
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
            "resource=https%3A%2F%2Fcognitiveservices.azure.com");
  EXPECT_EQ(request.headers, "Metadata: true\r\n");
  EXPECT_EQ(request.form, "");
}

TEST(TokenRequest, NamesAnIdentityInTheWordsOfTheEndpoint) {
  const auto selector = [](IdentityHost host, IdentityBy by) {
    auto credential = machine(host, "http://localhost:4000/msi/token");
    credential.by = by;
    credential.selector = "it";
    const std::string url = token_request(credential, "", {}).url;
    return url.substr(url.rfind('&') + 1);
  };
  EXPECT_EQ(selector(IdentityHost::imds, IdentityBy::client_id), "client_id=it");
  EXPECT_EQ(selector(IdentityHost::imds, IdentityBy::object_id), "object_id=it");
  EXPECT_EQ(selector(IdentityHost::imds, IdentityBy::resource_id), "msi_res_id=it");
  EXPECT_EQ(selector(IdentityHost::app_service, IdentityBy::client_id), "client_id=it");
  EXPECT_EQ(selector(IdentityHost::app_service, IdentityBy::resource_id), "mi_res_id=it");
  EXPECT_EQ(selector(IdentityHost::azure_ml, IdentityBy::client_id), "clientid=it");
}

TEST(TokenRequest, OfAppServiceProvesItselfWithItsHeader) {
  const auto request = token_request(machine(IdentityHost::app_service, "http://localhost:42356/msi/token"), "", {});
  EXPECT_EQ(request.url, "http://localhost:42356/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com");
  EXPECT_EQ(request.headers, "X-IDENTITY-HEADER: header-secret\r\n");
  const auto old = token_request(machine(IdentityHost::azure_ml, "http://localhost:42356/msi/token/"), "", {});
  EXPECT_EQ(old.url, "http://localhost:42356/msi/token/?api-version=2017-09-01&resource=https%3A%2F%2Fcognitiveservices.azure.com");
  EXPECT_EQ(old.headers, "secret: header-secret\r\n");
}

TEST(TokenRequest, TellsAppServiceWhichTokenWasRefused) {
  Renewal renewal;
  renewal.refused_sha256 = "abcd";
  const auto of = [&](IdentityHost host) { return token_request(machine(host, "http://localhost:1/x"), "", renewal).url; };
  EXPECT_TRUE(of(IdentityHost::app_service).ends_with("&token_sha256_to_refresh=abcd"));
  EXPECT_EQ(of(IdentityHost::imds).find("refresh"), std::string::npos) << "it knows no such parameter";
}

TEST(CredentialIdentity, IsWhomTokensAreOfAndWhatFor) {
  auto secret = application(CredentialKind::client_secret), certificate = application(CredentialKind::client_certificate);
  secret.secret = Secret("old");
  certificate.name = "other";
  EXPECT_EQ(identity_of(secret), identity_of(certificate)) << "a token outlives what proved it";
  EXPECT_FALSE(is_fetched_alike(secret, certificate));
  auto rotated = secret;
  rotated.secret = Secret("new");
  EXPECT_EQ(identity_of(secret), identity_of(rotated));
  EXPECT_FALSE(is_fetched_alike(secret, rotated));
  for (auto change : {&TokenCredential::resource, &TokenCredential::authority, &TokenCredential::tenant, &TokenCredential::client_id}) {
    auto changed = secret;
    changed.*change += "x";
    EXPECT_NE(identity_of(secret), identity_of(changed));
  }
  auto walled = secret, trusting = secret;
  walled.network = Network::private_only;
  trusting.ca_file = "/etc/tollgate/ca.pem";
  for (const auto& changed : {walled, trusting}) {
    EXPECT_EQ(identity_of(secret), identity_of(changed));
    EXPECT_FALSE(is_fetched_alike(secret, changed)) << "one's rule must not decide for the other";
  }
  auto system = machine(IdentityHost::imds, "http://169.254.169.254"), named = system;
  named.by = IdentityBy::client_id;
  named.selector = "a";
  EXPECT_NE(identity_of(system), identity_of(named));
  EXPECT_NE(identity_of(system), identity_of(machine(IdentityHost::app_service, "http://169.254.169.254")));
}

}  // namespace
}  // namespace tollgate::credentials::token_request_test
