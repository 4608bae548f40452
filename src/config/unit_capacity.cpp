#include "config/unit_capacity.hpp"

namespace tollgate::config {

namespace {

// gpt-4o-2024-11-20 is gpt-4o; gpt-5-nano is another model than gpt-5.
bool is_version_of(std::string_view base_model, std::string_view model) noexcept {
  return base_model.starts_with(model) && (base_model.size() == model.size() ||
                                           base_model.substr(model.size()).starts_with("-20"));
}

}  // namespace

UnitCapacity unit_capacity(std::string_view base_model) noexcept {
  struct Row {
    std::string_view model;
    UnitCapacity capacity;
  };
  static constexpr Row table[] = {
      {"gpt-5", {4'750, 8}},          {"gpt-5-mini", {23'750, 8}},   {"gpt-5.1", {4'750, 8}},
      {"gpt-5.1-codex", {4'750, 8}},  {"gpt-5.2", {3'400, 8}},       {"gpt-5.2-codex", {3'400, 8}},
      {"gpt-5.3-codex", {3'400, 8}},  {"gpt-5.4", {2'400, 6}},       {"gpt-4.1", {3'000, 4}},
      {"gpt-4.1-mini", {14'900, 4}},  {"gpt-4.1-nano", {59'400, 4}}, {"gpt-4o", {2'500, 4}},
      {"gpt-4o-mini", {37'000, 4}},   {"o3", {3'000, 4}},            {"o3-mini", {2'500, 4}},
      {"o4-mini", {5'400, 4}},        {"o1", {230, 4}},
  };
  for (const Row& row : table) {
    if (is_version_of(base_model, row.model)) return row.capacity;
  }
  return {};
}

}  // namespace tollgate::config
