// Azure's regions and the data zones that they belong to.
#pragma once

#include "tollgate/config.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::config {

// As Azure's tools write it: "Sweden Central" is "swedencentral".
std::string canonical_region(std::string_view written);

// The zone of a region by its canonical name, DataZone::none for one outside all zones; absent when the
// region is not known here.
std::optional<DataZone> zone_of_region(std::string_view canonical);

std::vector<std::string> region_names();

const char* name_of(DataZone zone) noexcept;

}  // namespace tollgate::config
