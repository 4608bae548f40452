// How many reserved units (PTU) carry a load, and in which sizes Azure sells them. Pure.
#pragma once

#include "tollgate/config.hpp"

#include <cstdint>
#include <string_view>

namespace tollgate::cli {

struct UnitSize {
  std::int64_t tokens_a_minute = 0;  // input tokens that one unit carries; 0: not known
  std::int64_t answer_weight = 0;    // how many of them an answer token counts as
  int minimum = 1;                   // the smallest deployment
  int step = 1;                      // what a larger one has more
};

// `tokens_a_minute` is 0 for a model that is not known to be sold in units.
UnitSize unit_size(std::string_view base_model, DeploymentScope scope);

// The smallest size that is sold and has at least as many units; 0 for none.
int sold_units(std::int64_t units, const UnitSize& size);

// The size to buy for a load in weighted tokens a minute; 0 for none.
int units_for(std::int64_t load, const UnitSize& size);

// Rounded up. REQUIRES: load >= 0, percent >= 0
std::int64_t with_head_room(std::int64_t load, int percent);

}  // namespace tollgate::cli
