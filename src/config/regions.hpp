// Azure's regions and the data zones that they belong to.
#pragma once

#include "config/draft.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::config {

// As Azure's tools write it: "Sweden Central" is "swedencentral".
std::string canonical_region(std::string_view written);

// The regions known here, and those that the configuration adds.
class Regions {
 public:
  Regions() = default;
  explicit Regions(const std::vector<RegionDraft>& more) : more_(more) {}

  // The zone of a region by its canonical name, DataZone::none for one outside all zones; absent when the
  // region is not known.
  std::optional<DataZone> zone_of(std::string_view canonical) const;
  std::vector<std::string> names() const;

 private:
  std::vector<RegionDraft> more_;
};

const char* name_of(DataZone zone) noexcept;

}  // namespace tollgate::config
