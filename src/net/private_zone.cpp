// The zones are those of "Private endpoint DNS zone values" (Microsoft Learn) for what a gateway calls:
// models, Content Safety and Language, vaults, Redis, another gateway.
#include "net/private_zone.hpp"

#include "base/ip.hpp"

#include <array>
#include <utility>

namespace tollgate::net {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> zones{{
    {".openai.azure.com", "privatelink.openai.azure.com"},
    {".cognitiveservices.azure.com", "privatelink.cognitiveservices.azure.com"},
    {".services.ai.azure.com", "privatelink.services.ai.azure.com"},
    {".openai.azure.us", "privatelink.openai.azure.us"},
    {".cognitiveservices.azure.us", "privatelink.cognitiveservices.azure.us"},
    {".openai.azure.cn", "privatelink.openai.azure.cn"},
    {".cognitiveservices.azure.cn", "privatelink.cognitiveservices.azure.cn"},
    {".vault.azure.net", "privatelink.vaultcore.azure.net"},
    {".vault.usgovcloudapi.net", "privatelink.vaultcore.usgovcloudapi.net"},
    {".vault.azure.cn", "privatelink.vaultcore.azure.cn"},
    {".redis.cache.windows.net", "privatelink.redis.cache.windows.net"},
    {".redis.cache.usgovcloudapi.net", "privatelink.redis.cache.usgovcloudapi.net"},
    {".redis.cache.chinacloudapi.cn", "privatelink.redis.cache.chinacloudapi.cn"},
    {".redisenterprise.cache.azure.net", "privatelink.redisenterprise.cache.azure.net"},
    {".redis.azure.net", "privatelink.redis.azure.net"},
    {".azure-api.net", "privatelink.azure-api.net"},
    {".search.windows.net", "privatelink.search.windows.net"},
}};

// One address for all resources of a region: private endpoints belong to a resource's own name.
constexpr std::array<std::string_view, 3> shared_suffixes{
    ".api.cognitive.microsoft.com", ".api.cognitive.microsoft.us", ".api.cognitive.azure.cn"};

// Entra ID: there are no private endpoints for it.
constexpr std::array<std::string_view, 4> public_hosts{"login.microsoftonline.com", "login.microsoftonline.us",
                                                       "login.chinacloudapi.cn", "login.partner.microsoftonline.cn"};

}  // namespace

std::string private_zone_of(std::string_view host) {
  for (const auto& [suffix, zone] : zones) {
    if (host.size() > suffix.size() && host.ends_with(suffix)) return std::string(zone);
  }
  return {};
}

std::string advice_for_public(const std::string& host) {
  if (base::parse_ip(host)) return "write the resource's name instead, or add the range to network.private_ranges";
  const std::string zone = private_zone_of(host);
  if (!zone.empty()) {
    return "the private DNS zone " + zone + " has no record for it, or is not linked to the network that asks";
  }
  for (const auto suffix : shared_suffixes) {
    if (host.ends_with(suffix)) {
      return "an address shared by a region has no private endpoint; give the resource a name of its own (custom "
             "subdomain) and write that";
    }
  }
  for (const auto name : public_hosts) {
    if (host == name) return "it has no private endpoint; write network: any where it is configured";
  }
  return "its name needs a record in a private DNS zone that is linked to the network that asks";
}

}  // namespace tollgate::net
