// How each filter is made. The table of their names and order is pipeline/registry.cpp.
#pragma once

#include "filters/services.hpp"
#include "tollgate/config.hpp"
#include "tollgate/filter.hpp"

#include <memory>

namespace tollgate::filters {

std::shared_ptr<const Filter> make_route(const Config& config, const Services& services);
std::shared_ptr<const Filter> make_access(const Config& config, const Services& services);
std::shared_ptr<const Filter> make_request(const Config& config, const Services& services);
std::shared_ptr<const Filter> make_limits(const Config& config, const Services& services);
std::shared_ptr<const Filter> make_models(const Config& config, const Services& services);
std::shared_ptr<const Filter> make_affinity(const Config& config, const Services& services);
std::shared_ptr<const Filter> make_forward(const Config& config, const Services& services);

}  // namespace tollgate::filters
