#include "mock_azure/schema_filler.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

namespace tollgate::mock {
namespace {

constexpr int depth_limit = 32;  // a schema may refer to itself
constexpr std::int64_t size_limit = 1000;
constexpr int values_limit = 10'000;

class Filler {
 public:
  explicit Filler(const Json& root) : root_(root) {}

  Json fill(const Json& schema, int depth) const {
    if (!schema.is_object() || depth > depth_limit || --values_left_ < 0) return nullptr;
    if (const auto ref = string_member(schema, "$ref"); !ref.empty()) {
      return fill(resolve(ref), depth + 1);
    }
    if (schema.contains("const")) return schema["const"];
    if (const Json& values = member(schema, "enum"); values.is_array() && !values.empty()) {
      return values.front();
    }
    for (const char* key : {"anyOf", "oneOf"}) {
      const Json& options = member(schema, key);
      if (options.is_array() && !options.empty()) return fill(first_option(options), depth + 1);
    }
    if (const Json& parts = member(schema, "allOf"); parts.is_array() && !parts.empty()) {
      return fill_all(schema, parts, depth);
    }
    if (schema.contains("default")) return schema["default"];
    return fill_type(type_of(schema), schema, depth);
  }

 private:
  // Only local references, "#/$defs/name" and the like.
  Json resolve(const std::string& ref) const {
    if (ref == "#") return root_;
    if (!ref.starts_with("#/")) return nullptr;
    try {
      const Json::json_pointer pointer(ref.substr(1));
      return root_.contains(pointer) ? root_.at(pointer) : Json();
    } catch (const Json::exception&) {
      return nullptr;
    }
  }

  static const Json& first_option(const Json& options) {
    for (const Json& option : options) {
      if (string_member(option, "type") != "null") return option;
    }
    return options.front();
  }

  Json fill_all(const Json& schema, const Json& parts, int depth) const {
    Json result = fill_object(schema, depth);
    for (const Json& part : parts) {
      const Json value = fill(part, depth + 1);
      if (!value.is_object()) return value;
      result.update(value);
    }
    return result;
  }

  // A nullable type gets a value: that shows more of the caller's code at work than null.
  static std::string type_of(const Json& schema) {
    const Json& type = member(schema, "type");
    if (type.is_string()) return type.get<std::string>();
    if (type.is_array()) {
      for (const Json& one : type) {
        if (one.is_string() && one != "null") return one.get<std::string>();
      }
      return "null";
    }
    if (schema.contains("properties")) return "object";
    if (schema.contains("items")) return "array";
    return "string";
  }

  Json fill_type(const std::string& type, const Json& schema, int depth) const {
    if (type == "object") return fill_object(schema, depth);
    if (type == "array") return fill_array(schema, depth);
    if (type == "integer" || type == "number") return fill_number(type, schema);
    if (type == "boolean") return true;
    if (type == "null") return nullptr;
    return fill_string(schema);
  }

  Json fill_object(const Json& schema, int depth) const {
    Json object = Json::object();
    const Json& required = member(schema, "required");
    const Json& properties = member(schema, "properties");
    const auto is_required = [&](const std::string& name) {
      if (!required.is_array()) return false;
      for (const Json& one : required) {
        if (one == name) return true;
      }
      return false;
    };
    if (properties.is_object()) {
      for (const auto& [name, property] : properties.items()) {
        if (is_required(name)) object[name] = fill(property, depth + 1);
      }
    }
    if (required.is_array()) {
      for (const Json& one : required) {
        if (one.is_string() && !object.contains(one.get<std::string>())) {
          object[one.get<std::string>()] = "text";
        }
      }
    }
    return object;
  }

  Json fill_array(const Json& schema, int depth) const {
    Json array = Json::array();
    if (const Json& prefix = member(schema, "prefixItems"); prefix.is_array()) {
      for (const Json& item : prefix) array.push_back(fill(item, depth + 1));
    }
    const std::int64_t most = int_member(schema, "maxItems", size_limit);
    const std::int64_t least = std::min(int_member(schema, "minItems", 1), size_limit);
    const Json& items = member(schema, "items");
    // At the depth limit an empty array ends a recursive schema validly.
    const std::int64_t wanted = depth > depth_limit / 4 ? int_member(schema, "minItems", 0)
                                                        : std::min(least, most);
    while (static_cast<std::int64_t>(array.size()) < std::min(wanted, size_limit)) {
      array.push_back(items.is_object() ? fill(items, depth + 1) : Json("text"));
    }
    return array;
  }

  static Json fill_number(const std::string& type, const Json& schema) {
    const auto bound = [&](const char* key) -> std::optional<double> {
      const Json& value = member(schema, key);
      return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
    };
    double value = 1;
    if (const auto low = bound("minimum"); low && value < *low) value = *low;
    if (const auto low = bound("exclusiveMinimum"); low && value <= *low) value = *low + 1;
    if (const auto high = bound("maximum"); high && value > *high) value = *high;
    if (const auto high = bound("exclusiveMaximum"); high && value >= *high) {
      const auto low = bound("minimum");
      value = low && *high - 1 < *low ? (*low + *high) / 2 : *high - 1;
    }
    if (const auto step = bound("multipleOf"); step && *step > 0) {
      value = std::ceil(value / *step) * *step;
    }
    if (type == "integer" && std::abs(value) < 9e15) {
      return static_cast<std::int64_t>(std::ceil(value));
    }
    if (value == std::floor(value) && std::abs(value) < 9e15) {
      return static_cast<std::int64_t>(value);
    }
    return value;
  }

  static Json fill_string(const Json& schema) {
    const std::string format = string_member(schema, "format");
    if (format == "date-time") return "2026-01-15T10:30:00Z";
    if (format == "date") return "2026-01-15";
    if (format == "time") return "10:30:00Z";
    if (format == "duration") return "PT1H";
    if (format == "email") return "ana@example.com";
    if (format == "hostname") return "example.com";
    if (format == "ipv4") return "192.0.2.1";
    if (format == "ipv6") return "2001:db8::1";
    if (format == "uuid") return "6f2c1d1e-8a52-4c3b-9d57-3f0e6a7b8c9d";
    if (format == "uri") return "https://example.com/";
    std::string text = "text";
    const auto least = std::min(int_member(schema, "minLength", 0), size_limit);
    while (static_cast<std::int64_t>(text.size()) < least) text += 'x';
    const std::int64_t most = int_member(schema, "maxLength", -1);
    if (most >= 0 && static_cast<std::int64_t>(text.size()) > most) {
      text.resize(static_cast<std::size_t>(most));
    }
    return text;
  }

  const Json& root_;
  // Two references to itself on each of 32 levels would never end.
  mutable int values_left_ = values_limit;
};

}  // namespace

Json fill_schema(const Json& schema) {
  Json value = Filler(schema).fill(schema, 0);
  // An absent or empty schema is what a function without parameters has.
  if (!schema.is_object() || schema.empty()) return Json::object();
  return value;
}

}  // namespace tollgate::mock
