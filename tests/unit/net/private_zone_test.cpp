#include "net/private_zone.hpp"

#include <gtest/gtest.h>

namespace tollgate::net {
namespace {

TEST(PrivateZone, IsDerivedFromTheSuffixOfTheHost) {
  const std::pair<const char*, const char*> known[] = {
      {"contoso.openai.azure.com", "privatelink.openai.azure.com"},
      {"contoso.cognitiveservices.azure.com", "privatelink.cognitiveservices.azure.com"},
      {"contoso.services.ai.azure.com", "privatelink.services.ai.azure.com"},
      {"contoso.openai.azure.us", "privatelink.openai.azure.us"},
      {"contoso.cognitiveservices.azure.us", "privatelink.cognitiveservices.azure.us"},
      {"contoso.openai.azure.cn", "privatelink.openai.azure.cn"},
      {"contoso.cognitiveservices.azure.cn", "privatelink.cognitiveservices.azure.cn"},
      {"pots.redis.cache.windows.net", "privatelink.redis.cache.windows.net"}};
  for (const auto& [host, zone] : known) EXPECT_EQ(private_zone_of(host), zone);
  for (const char* host : {"openai.azure.com", ".openai.azure.com", "contoso-openai.azure.com", "example.com",
                           "contoso.openai.azure.com.evil.example"}) {
    EXPECT_EQ(private_zone_of(host), "") << host;
  }
}

TEST(PrivateZone, AdviceSaysWhatToDo) {
  EXPECT_NE(advice_for_public("contoso.openai.azure.com").find("privatelink.openai.azure.com"), std::string::npos);
  EXPECT_NE(advice_for_public("swedencentral.api.cognitive.microsoft.com").find("custom subdomain"), std::string::npos);
  EXPECT_NE(advice_for_public("login.microsoftonline.com").find("network: any"), std::string::npos);
  EXPECT_NE(advice_for_public("models.example").find("private DNS zone"), std::string::npos);
  EXPECT_NE(advice_for_public("203.0.113.7").find("private_ranges"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::net
