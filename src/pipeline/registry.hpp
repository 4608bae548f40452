// The one table of filters: their names and their order.
#pragma once

#include "filters/filters.hpp"
#include "filters/services.hpp"
#include "tollgate/config.hpp"
#include "tollgate/filter.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tollgate::pipeline {

// In the default order.
std::vector<std::string> filter_names();

// The filters that the configuration lists, or all in the default order. REQUIRES: a configuration
// that was checked against filter_names().
std::vector<std::shared_ptr<const Filter>> build(const Config& config,
                                                 const filters::Services& services);

}  // namespace tollgate::pipeline
