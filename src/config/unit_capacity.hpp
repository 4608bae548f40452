// What a unit of reserved capacity carries, by base model.
#pragma once

#include "tollgate/config.hpp"

#include <string_view>

namespace tollgate::config {

// {0, 0}: the model is not in the table (azure-openai: provisioned throughput).
UnitCapacity unit_capacity(std::string_view base_model) noexcept;

}  // namespace tollgate::config
