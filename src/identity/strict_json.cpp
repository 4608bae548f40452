#include "identity/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <vector>

namespace tollgate::identity {

using Json = nlohmann::json;

Json parse_object(std::string_view text) {
  constexpr std::size_t max_depth = 32;
  std::vector<std::set<std::string>> names;
  bool is_acceptable = true;
  const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
    if (static_cast<std::size_t>(depth) > max_depth) is_acceptable = false;
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) {
      is_acceptable &= names.back().insert(value.get<std::string>()).second;
    }
    return is_acceptable;
  };
  Json parsed = Json::parse(text, look, false);
  if (!is_acceptable || !parsed.is_object()) return Json(Json::value_t::discarded);
  return parsed;
}

}  // namespace tollgate::identity
