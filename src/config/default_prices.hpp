// List prices that hold where the configuration says no other.
#pragma once

#include "tollgate/spending.hpp"

#include <string_view>
#include <vector>

namespace tollgate::config {

// When the table was last compared with the list prices.
inline constexpr std::string_view default_prices_date = "2026-10";

// By model.
std::vector<Price> default_prices();

}  // namespace tollgate::config
