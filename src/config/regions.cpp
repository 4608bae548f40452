// The members of the EU zone are those that Microsoft lists for data-zone deployments ("Deployment types",
// May 2026): France, Germany, Italy, Netherlands, Norway, Poland, Spain, Sweden, Switzerland. Ireland is not
// among them, so northeurope is in no zone. Government and China are clouds of their own.
#include "config/regions.hpp"

#include <array>
#include <cctype>

namespace tollgate::config {
namespace {

struct Region {
  const char* name;
  DataZone zone;
};

constexpr std::array regions{
    Region{"centralus", DataZone::us},
    Region{"eastus", DataZone::us},
    Region{"eastus2", DataZone::us},
    Region{"northcentralus", DataZone::us},
    Region{"southcentralus", DataZone::us},
    Region{"westcentralus", DataZone::us},
    Region{"westus", DataZone::us},
    Region{"westus2", DataZone::us},
    Region{"westus3", DataZone::us},
    Region{"francecentral", DataZone::eu},
    Region{"francesouth", DataZone::eu},
    Region{"germanynorth", DataZone::eu},
    Region{"germanywestcentral", DataZone::eu},
    Region{"italynorth", DataZone::eu},
    Region{"norwayeast", DataZone::eu},
    Region{"norwaywest", DataZone::eu},
    Region{"polandcentral", DataZone::eu},
    Region{"spaincentral", DataZone::eu},
    Region{"swedencentral", DataZone::eu},
    Region{"swedensouth", DataZone::eu},
    Region{"switzerlandnorth", DataZone::eu},
    Region{"switzerlandwest", DataZone::eu},
    Region{"westeurope", DataZone::eu},
    Region{"australiacentral", DataZone::none},
    Region{"australiacentral2", DataZone::none},
    Region{"australiaeast", DataZone::none},
    Region{"australiasoutheast", DataZone::none},
    Region{"austriaeast", DataZone::none},
    Region{"belgiumcentral", DataZone::none},
    Region{"brazilsouth", DataZone::none},
    Region{"brazilsoutheast", DataZone::none},
    Region{"canadacentral", DataZone::none},
    Region{"canadaeast", DataZone::none},
    Region{"centralindia", DataZone::none},
    Region{"chilecentral", DataZone::none},
    Region{"chinaeast", DataZone::none},
    Region{"chinaeast2", DataZone::none},
    Region{"chinaeast3", DataZone::none},
    Region{"chinanorth", DataZone::none},
    Region{"chinanorth2", DataZone::none},
    Region{"chinanorth3", DataZone::none},
    Region{"denmarkeast", DataZone::none},
    Region{"eastasia", DataZone::none},
    Region{"indonesiacentral", DataZone::none},
    Region{"israelcentral", DataZone::none},
    Region{"japaneast", DataZone::none},
    Region{"japanwest", DataZone::none},
    Region{"jioindiacentral", DataZone::none},
    Region{"jioindiawest", DataZone::none},
    Region{"koreacentral", DataZone::none},
    Region{"koreasouth", DataZone::none},
    Region{"malaysiawest", DataZone::none},
    Region{"mexicocentral", DataZone::none},
    Region{"newzealandnorth", DataZone::none},
    Region{"northeurope", DataZone::none},
    Region{"qatarcentral", DataZone::none},
    Region{"southafricanorth", DataZone::none},
    Region{"southafricawest", DataZone::none},
    Region{"southeastasia", DataZone::none},
    Region{"southindia", DataZone::none},
    Region{"uaecentral", DataZone::none},
    Region{"uaenorth", DataZone::none},
    Region{"uksouth", DataZone::none},
    Region{"ukwest", DataZone::none},
    Region{"usdodcentral", DataZone::none},
    Region{"usdodeast", DataZone::none},
    Region{"usgovarizona", DataZone::none},
    Region{"usgovtexas", DataZone::none},
    Region{"usgovvirginia", DataZone::none},
    Region{"westindia", DataZone::none},
};

}  // namespace

std::string canonical_region(std::string_view written) {
  std::string name;
  for (const unsigned char c : written)
    if (c != ' ') name += static_cast<char>(std::tolower(c));
  return name;
}

std::optional<DataZone> Regions::zone_of(std::string_view canonical) const {
  for (const Region& region : regions)
    if (region.name == canonical) return region.zone;
  for (const RegionDraft& region : more_)
    if (region.name == canonical) return region.zone;
  return std::nullopt;
}

std::vector<std::string> Regions::names() const {
  std::vector<std::string> names;
  for (const Region& region : regions) names.emplace_back(region.name);
  for (const RegionDraft& region : more_) names.push_back(region.name);
  return names;
}

const char* name_of(DataZone zone) noexcept {
  switch (zone) {
    case DataZone::eu: return "eu";
    case DataZone::us: return "us";
    case DataZone::none: break;
  }
  return "none";
}

}  // namespace tollgate::config
