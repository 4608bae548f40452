// How each filter is made. The table of their names and order is pipeline/registry.cpp.
#pragma once

#include "tollgate/config.hpp"
#include "tollgate/filter.hpp"

#include <memory>

namespace tollgate::filters {

std::shared_ptr<const Filter> make_route(const Config& config);
std::shared_ptr<const Filter> make_access(const Config& config);
std::shared_ptr<const Filter> make_request(const Config& config);
std::shared_ptr<const Filter> make_models(const Config& config);
std::shared_ptr<const Filter> make_forward(const Config& config);

}  // namespace tollgate::filters
