// The stand-in's JSON type: members keep their order, as the service's do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace tollgate::mock {

using Json = nlohmann::ordered_json;

// Discarded when `text` is not JSON, or nested so deeply that copying it could exhaust the stack.
Json parse_json(std::string_view text);

// Never throws: bytes that are not UTF-8 become U+FFFD.
inline std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The member when it is there and a string; else `fallback`.
inline std::string string_member(const Json& object, const char* key, std::string fallback = {}) {
  if (!object.is_object()) return fallback;
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : fallback;
}

inline bool bool_member(const Json& object, const char* key, bool fallback = false) {
  if (!object.is_object()) return fallback;
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() ? it->get<bool>() : fallback;
}

inline std::int64_t int_member(const Json& object, const char* key, std::int64_t fallback) {
  if (!object.is_object()) return fallback;
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<std::int64_t>() : fallback;
}

// Null when absent.
inline const Json& member(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto it = object.find(key);
  return it != object.end() ? *it : null;
}

}  // namespace tollgate::mock
