// Small text rules of HTTP: case, lists, media types, percent-encoding and query strings.
#pragma once

#include "base/ascii.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::http {

using base::to_lower;

bool iequals(std::string_view a, std::string_view b) noexcept;  // ASCII letters only

std::string_view trim(std::string_view text) noexcept;  // spaces and tabs at both ends

// Takes the first element off a comma-separated list, without the spaces around it.
std::string_view take_element(std::string_view& list) noexcept;

// True when a comma-separated list such as Connection holds `token`, in any case.
bool has_token(std::string_view list, std::string_view token) noexcept;

// Compares the type and subtype, in any case and without parameters:
// is_media_type("Application/JSON; charset=utf-8", "application/json").
bool is_media_type(std::string_view content_type, std::string_view type) noexcept;

// Decodes %XX; '+' stays. nullopt for a bad escape and for %00.
std::optional<std::string> percent_decode(std::string_view text);

// The raw value of the first parameter of that exact name; "" when it has none; nullopt when it is
// not there. `query` is what follows '?'.
std::optional<std::string_view> query_parameter(std::string_view query,
                                                std::string_view name) noexcept;

}  // namespace tollgate::http
