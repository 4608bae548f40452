#include "cli/ptu/units.hpp"

#include "config/unit_capacity.hpp"

#include <algorithm>
#include <limits>

namespace tollgate::cli {
namespace {

constexpr int most_units = std::numeric_limits<int>::max();

bool is_small(std::string_view model) {
  return model.find("-mini") != std::string_view::npos || model.find("-nano") != std::string_view::npos;
}

}  // namespace

UnitSize unit_size(std::string_view base_model, DeploymentScope scope) {
  const UnitCapacity capacity = config::unit_capacity(base_model);
  UnitSize size;
  size.tokens_a_minute = capacity.input_a_minute;
  size.answer_weight = capacity.answer_weight;
  if (scope == DeploymentScope::regional) {
    size.minimum = size.step = is_small(base_model) ? 25 : 50;
  } else {
    size.minimum = 15;
    size.step = 5;
  }
  return size;
}

int sold_units(std::int64_t units, const UnitSize& size) {
  if (units <= 0) return 0;
  if (units <= size.minimum) return size.minimum;
  const std::int64_t steps = (units - size.minimum + size.step - 1) / size.step;
  return static_cast<int>(std::min<std::int64_t>(size.minimum + steps * size.step, most_units));
}

int units_for(std::int64_t load, const UnitSize& size) {
  return sold_units((load + size.tokens_a_minute - 1) / size.tokens_a_minute, size);
}

std::int64_t with_head_room(std::int64_t load, int percent) {
  return load + (load * percent + 99) / 100;
}

}  // namespace tollgate::cli
