#include "config/regions.hpp"
#include "config/resolve_residency.hpp"

#include <gtest/gtest.h>

namespace tollgate::config {
namespace {

Deployment deployment(DeploymentScope scope, const char* region) {
  Deployment d;
  d.scope = scope;
  d.region = region;
  return d;
}

bool may_serve_under(const Residency& rule, DeploymentScope scope, const char* region) {
  return residency_fault(rule, deployment(scope, region), Regions()).empty();
}

constexpr auto global = DeploymentScope::global;
constexpr auto data_zone = DeploymentScope::data_zone;
constexpr auto regional = DeploymentScope::regional;

TEST(Residency, GlobalDeploymentsMayProcessAnywhereWhateverTheirRegion) {
  const Residency sweden{{"swedencentral"}, {}, false};
  EXPECT_FALSE(may_serve_under(sweden, global, "swedencentral"));
  EXPECT_TRUE(may_serve_under(sweden, regional, "swedencentral"));
  const Residency relaxed{{"swedencentral"}, {}, true};
  EXPECT_TRUE(may_serve_under(relaxed, global, "swedencentral"));
  EXPECT_FALSE(may_serve_under(relaxed, global, "eastus"));
}

TEST(Residency, ADataZoneDeploymentNeedsItsZoneAndNotOnlyItsRegion) {
  EXPECT_FALSE(may_serve_under({{"swedencentral"}, {}, false}, data_zone, "swedencentral"));
  EXPECT_TRUE(may_serve_under({{}, {DataZone::eu}, false}, data_zone, "swedencentral"));
  EXPECT_FALSE(may_serve_under({{}, {DataZone::us}, false}, data_zone, "swedencentral"));
  EXPECT_TRUE(may_serve_under({{}, {DataZone::us, DataZone::eu}, false}, data_zone, "westus3"));
  EXPECT_FALSE(may_serve_under({{"uksouth"}, {DataZone::eu}, false}, data_zone, "uksouth"));
}

TEST(Residency, ARegionalDeploymentCountsByRegionOrZone) {
  const Residency both{{"uksouth"}, {DataZone::eu}, false};
  EXPECT_TRUE(may_serve_under(both, regional, "uksouth"));
  EXPECT_TRUE(may_serve_under(both, regional, "Germany West Central"));
  EXPECT_FALSE(may_serve_under(both, regional, "northeurope"));  // Ireland is not in Azure's EU zone
  EXPECT_FALSE(may_serve_under(both, regional, "eastus2"));
  EXPECT_FALSE(may_serve_under(both, regional, ""));
}

TEST(Residency, KnowsTheZonesOfRegions) {
  for (const char* eu : {"francecentral", "germanywestcentral", "italynorth", "westeurope", "norwayeast",
                         "polandcentral", "spaincentral", "swedencentral", "switzerlandnorth"})
    EXPECT_EQ(Regions().zone_of(eu), DataZone::eu) << eu;
  for (const char* us : {"eastus", "eastus2", "centralus", "northcentralus", "southcentralus", "westus", "westus3"})
    EXPECT_EQ(Regions().zone_of(us), DataZone::us) << us;
  EXPECT_EQ(Regions().zone_of("usgovvirginia"), DataZone::none);
  EXPECT_EQ(Regions().zone_of("northeurope"), DataZone::none);
  EXPECT_EQ(Regions().zone_of("atlantis"), std::nullopt);
  EXPECT_EQ(Regions({{"atlantis", DataZone::eu, {}}}).zone_of("atlantis"), DataZone::eu);
  EXPECT_EQ(canonical_region("Sweden Central"), "swedencentral");
}

TEST(Residency, AProductWithoutARuleMayBeServedByAll) {
  Product product;
  Deployment d;
  d.index = 7;
  EXPECT_TRUE(may_serve(product, d));
  product.allowed = {true, false};
  d.index = 1;
  EXPECT_FALSE(may_serve(product, d));
  d.index = 0;
  EXPECT_TRUE(may_serve(product, d));
}

}  // namespace
}  // namespace tollgate::config
