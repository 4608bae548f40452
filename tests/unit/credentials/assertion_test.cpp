#include "credentials/assertion.hpp"

#include "test_key.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tollgate::credentials {
namespace {

using Json = nlohmann::json;

TEST(Assertion, SaysWhatEntraWantsToHear) {
  const test::KeyPair pair;
  SigningCertificate certificate;
  certificate.sha1 = std::string("\x00\x01\xfe\xff", 4) + std::string(16, 'A');
  certificate.key = Secret(pair.pem());
  const std::string jwt = make_assertion(certificate, "app", "https://login/t/oauth2/v2.0/token", "unique", 1790000000);
  const auto first = jwt.find('.'), second = jwt.find('.', first + 1);
  ASSERT_NE(second, jwt.npos);
  const Json header = Json::parse(test::from_base64url(jwt.substr(0, first)));
  EXPECT_EQ(header["alg"], "RS256");
  EXPECT_EQ(header["typ"], "JWT");
  EXPECT_EQ(header["x5t"], "AAH-_0FBQUFBQUFBQUFBQUFBQUE");
  EXPECT_EQ(header["kid"], "0001FEFF41414141414141414141414141414141");
  const Json claims = Json::parse(test::from_base64url(jwt.substr(first + 1, second - first - 1)));
  EXPECT_EQ(claims["aud"], "https://login/t/oauth2/v2.0/token");
  EXPECT_EQ(claims["iss"], "app");
  EXPECT_EQ(claims["sub"], "app");
  EXPECT_EQ(claims["jti"], "unique");
  EXPECT_EQ(claims["nbf"], 1790000000);
  EXPECT_EQ(claims["exp"], 1790000600);
  EXPECT_TRUE(pair.verifies(jwt.substr(0, second), test::from_base64url(jwt.substr(second + 1))));
}

TEST(Assertion, IsNoneWithoutAKey) {
  SigningCertificate certificate;
  certificate.key = Secret("no key");
  EXPECT_EQ(make_assertion(certificate, "app", "x", "y", 1), "");
}

}  // namespace
}  // namespace tollgate::credentials
