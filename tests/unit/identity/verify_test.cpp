// Every rule that a token has to keep, each broken by itself.
#include "identity/verify.hpp"
#include "test_issuer.hpp"

#include <gtest/gtest.h>

namespace tollgate::identity {
namespace {

using namespace test;

TokenFault fault_of(const std::string& token, const TrustedIssuers& issuers = trusted(), std::int64_t at = now) {
  return verify_token(token, rules(), issuers, at).fault;
}

TokenFault fault_with(const char* claim, const Json& value) {
  Json claims = app_claims();
  claims[claim] = value;
  return fault_of(token_of(claims));
}

TEST(VerifyToken, TakesAnApplicationsToken) {
  const auto verified = verify_token(token_of(app_claims()), rules(), trusted(), now);
  EXPECT_EQ(verified.fault, TokenFault::none);
  EXPECT_EQ(verified.claims.tenant, tenant);
  EXPECT_EQ(verified.claims.app, app);
  EXPECT_EQ(verified.claims.object, object);
  EXPECT_EQ(verified.claims.roles, std::vector<std::string>{"Chat.Invoke"});
  EXPECT_TRUE(verified.claims.is_app_only());
}

TEST(VerifyToken, TakesAUsersToken) {
  const auto verified = verify_token(token_of(user_claims()), rules(), trusted(), now);
  EXPECT_EQ(verified.fault, TokenFault::none);
  EXPECT_EQ(verified.claims.scopes, (std::vector<std::string>{"Chat.Invoke", "Files.Read"}));
  EXPECT_FALSE(verified.claims.is_app_only());
}

TEST(VerifyToken, TakesTheFirstFormByItsOwnIssuerAndClaimNames) {
  Json claims = app_claims();
  claims["ver"] = "1.0";
  claims["iss"] = issuer_v1();
  claims["appid"] = claims["azp"];
  claims.erase("azp");
  const auto verified = verify_token(token_of(claims), rules(), trusted(), now);
  EXPECT_EQ(verified.fault, TokenFault::none);
  EXPECT_EQ(verified.claims.app, app);
}

TEST(VerifyToken, RefusesEveryOtherAlgorithm) {
  for (const char* algorithm : {"none", "None", "HS256", "HS512", "RS384", "PS256", "ES256", "rs256", ""}) {
    Json header = header_of();
    header["alg"] = algorithm;
    EXPECT_EQ(fault_of(token_of(header.dump(), app_claims().dump())), TokenFault::bad_algorithm) << algorithm;
  }
}

TEST(VerifyToken, IsNotFooledByAHashKeyedWithThePublicKey) {
  Json header = header_of();
  header["alg"] = "HS256";
  const std::string input = encode(header.dump()) + "." + encode(app_claims().dump());
  const std::string key = signer().jwk()["n"];
  unsigned char digest[32];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(input.data()), input.size(), digest, &size);
  const std::string signature(reinterpret_cast<char*>(digest), size);
  EXPECT_EQ(fault_of(input + "." + encode(signature)), TokenFault::bad_algorithm);
}

TEST(VerifyToken, RefusesATokenWithoutSignature) {
  const std::string input = encode(header_of().dump()) + "." + encode(app_claims().dump());
  EXPECT_EQ(fault_of(input + "."), TokenFault::bad_signature);
}

TEST(VerifyToken, RefusesAnotherKeysSignature) {
  const Signer stranger("key-1");
  EXPECT_EQ(fault_of(token_of(app_claims(), stranger)), TokenFault::bad_signature);
}

TEST(VerifyToken, RefusesClaimsThatWereChangedAfterSigning) {
  const std::string token = token_of(app_claims());
  Json claims = app_claims();
  claims["roles"] = {"Admin"};
  const auto first = token.find('.'), second = token.rfind('.');
  EXPECT_EQ(fault_of(token.substr(0, first + 1) + encode(claims.dump()) + token.substr(second)),
            TokenFault::bad_signature);
}

TEST(VerifyToken, SaysWhoseKeysAreTooOld) {
  const Signer next("key-2");
  const auto verified = verify_token(token_of(app_claims(), next), rules(), trusted(), now);
  EXPECT_EQ(verified.fault, TokenFault::unknown_key);
  EXPECT_EQ(verified.issuer, 1u);
}

TEST(VerifyToken, AsksForNewKeysOnlyWhenAllElseIsRight) {
  const Signer next("key-2");
  Json claims = app_claims();
  claims["aud"] = "https://graph.microsoft.com";
  EXPECT_EQ(fault_of(token_of(claims, next)), TokenFault::wrong_audience);
}

TEST(VerifyToken, KeepsToTheTimesWithFiveMinutesOfSkew) {
  EXPECT_EQ(fault_of(token_of(app_claims()), trusted(), now + 3600 + 299), TokenFault::keys_not_loaded)
      << "keys this old are not trusted in this test";
  Json claims = app_claims();
  claims["exp"] = now - 299;
  EXPECT_EQ(fault_of(token_of(claims)), TokenFault::none);
  claims["exp"] = now - 300;
  EXPECT_EQ(fault_of(token_of(claims)), TokenFault::expired);
  claims["exp"] = now + 3600;
  claims["nbf"] = now + 300;
  EXPECT_EQ(fault_of(token_of(claims)), TokenFault::none);
  claims["nbf"] = now + 301;
  EXPECT_EQ(fault_of(token_of(claims)), TokenFault::not_yet_valid);
}

TEST(VerifyToken, RefusesOtherTenantsIssuersAndAudiences) {
  EXPECT_EQ(fault_with("tid", other_tenant), TokenFault::wrong_tenant);
  EXPECT_EQ(fault_with("iss", issuer_v2(other_tenant)), TokenFault::wrong_issuer);
  EXPECT_EQ(fault_with("iss", issuer_v1()), TokenFault::wrong_issuer) << "of the other form";
  EXPECT_EQ(fault_with("iss", issuer_v2() + "/"), TokenFault::wrong_issuer);
  EXPECT_EQ(fault_with("ver", "3.0"), TokenFault::wrong_tenant);
  EXPECT_EQ(fault_with("aud", "api://tollgate/"), TokenFault::wrong_audience);
  EXPECT_EQ(fault_with("aud", "api://other"), TokenFault::wrong_audience);
}

TEST(VerifyToken, RefusesWhatIsMissingOrOfTheWrongType) {
  for (const char* claim : {"ver", "iss", "tid", "aud", "exp"}) {
    Json claims = app_claims();
    claims.erase(claim);
    EXPECT_EQ(fault_of(token_of(claims)), TokenFault::malformed) << claim;
  }
  EXPECT_EQ(fault_with("exp", "1790003600"), TokenFault::malformed);
  EXPECT_EQ(fault_with("exp", -1), TokenFault::malformed);
  EXPECT_EQ(fault_with("exp", 1e300), TokenFault::malformed);
  EXPECT_EQ(fault_with("tid", 7), TokenFault::malformed);
  EXPECT_EQ(fault_with("roles", "Chat.Invoke"), TokenFault::malformed);
  EXPECT_EQ(fault_with("scp", {"Chat.Invoke"}), TokenFault::malformed);
  EXPECT_EQ(fault_with("groups", {1, 2}), TokenFault::malformed);
}

TEST(VerifyToken, RefusesANameThatStandsTwice) {
  const std::string claims = app_claims().dump();
  std::string doubled = claims;
  doubled.insert(1, R"("tid":"99999999-2222-3333-4444-555555555555",)");
  EXPECT_EQ(fault_of(token_of(header_of().dump(), doubled)), TokenFault::malformed);
  std::string header = header_of().dump();
  header.insert(1, R"("alg":"none",)");
  EXPECT_EQ(fault_of(token_of(header, claims)), TokenFault::malformed);
}

TEST(VerifyToken, RefusesHeadersThatAskForMore) {
  Json header = header_of();
  header["nonce"] = "x";
  EXPECT_EQ(fault_of(token_of(header.dump(), app_claims().dump())), TokenFault::not_for_others);
  header = header_of();
  header["crit"] = {"b64"};
  EXPECT_EQ(fault_of(token_of(header.dump(), app_claims().dump())), TokenFault::malformed);
  header = header_of();
  header.erase("kid");
  EXPECT_EQ(fault_of(token_of(header.dump(), app_claims().dump())), TokenFault::malformed);
}

TEST(VerifyToken, RefusesWhatIsNoToken) {
  const std::string deep = "[" + std::string(5000, '[');
  for (const std::string& claims : {std::string("{"), std::string("[]"), std::string("null"), deep,
                                    R"({"a":)" + deep, std::string("{}x")}) {
    EXPECT_EQ(fault_of(token_of(header_of().dump(), claims)), TokenFault::malformed);
  }
  EXPECT_EQ(fault_of("eyJ.eyJ.eyJ"), TokenFault::malformed);
}

TEST(VerifyToken, SaysThatKeysAreNotLoaded) {
  TrustedIssuers issuers = trusted();
  issuers.entries[1].issuer = nullptr;
  EXPECT_EQ(fault_of(token_of(app_claims()), issuers), TokenFault::keys_not_loaded);
  issuers = trusted();
  EXPECT_EQ(fault_of(token_of(app_claims()), issuers, now + 1000), TokenFault::keys_not_loaded) << "too old";
}

TEST(VerifyToken, TakesAKeyOnlyForItsOwnIssuer) {
  TrustedIssuers issuers = trusted();
  issuers.entries[1].issuer = issuer_of(TokenVersion::v2, keys_of(signer(), issuer_v2("{tenantid}")));
  EXPECT_EQ(fault_of(token_of(app_claims()), issuers), TokenFault::none);
  issuers.entries[1].issuer = issuer_of(TokenVersion::v2, keys_of(signer(), issuer_v2(other_tenant)));
  EXPECT_EQ(fault_of(token_of(app_claims()), issuers), TokenFault::unknown_key);
}

TEST(IssuerKeys, LeavesOutWhatCannotSign) {
  Json good = signer().jwk(), encrypts = good, other = good, small = Signer("small", 1024).jwk(), odd = good;
  encrypts["use"] = "enc";
  encrypts["kid"] = "encrypts";
  other["alg"] = "PS256";
  other["kid"] = "other";
  odd["n"] = "!";
  odd["kid"] = "odd";
  const auto keys = parse_key_set(Json{{"keys", {good, encrypts, other, small, odd, Json{{"kty", "EC"}}, 7}}}.dump(), tenant);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_TRUE(keys.contains("key-1"));
  EXPECT_TRUE(parse_key_set("{}", tenant).empty());
  EXPECT_TRUE(parse_key_set("<html>", tenant).empty());
}

TEST(IssuerKeys, TakesADiscoveryDocumentOfTheTenantAlone) {
  const std::string authority = "https://login.microsoftonline.com";
  const auto found = [&](const std::string& issuer, const std::string& keys) {
    return parse_discovery(Json{{"issuer", issuer}, {"jwks_uri", keys}}.dump(), authority, tenant);
  };
  const auto good = found(issuer_v2("{tenantid}"), authority + "/common/discovery/v2.0/keys");
  EXPECT_EQ(good.problem, "");
  EXPECT_EQ(good.issuer, issuer_v2());
  EXPECT_NE(found(issuer_v2(other_tenant), authority + "/keys").problem, "");
  EXPECT_NE(found(issuer_v2(), "https://evil.example/keys").problem, "");
  EXPECT_NE(found(issuer_v2(), "http://login.microsoftonline.com/keys").problem, "");
  EXPECT_NE(found(issuer_v2(), "https://login.microsoftonline.com.evil.example/keys").problem, "");
  EXPECT_NE(found(issuer_v2(), "").problem, "");
  EXPECT_NE(parse_discovery("[]", authority, tenant).problem, "");
}

TEST(IssuerKeys, AsksAtTheAddressOfEachForm) {
  EXPECT_EQ(discovery_url("https://login.microsoftonline.us", tenant, TokenVersion::v1),
            "https://login.microsoftonline.us/11111111-2222-3333-4444-555555555555/.well-known/openid-configuration");
  EXPECT_EQ(discovery_url("https://login.microsoftonline.us", tenant, TokenVersion::v2),
            "https://login.microsoftonline.us/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration");
}

}  // namespace
}  // namespace tollgate::identity
