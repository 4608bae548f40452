// The names of the machine's time zone data base.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::config {

// Whether `name` is a zone that this machine knows. UTC always is.
bool is_time_zone(std::string_view name);

// Every zone there is, for "did you mean". Reads a few hundred directory entries.
std::vector<std::string> time_zones();

}  // namespace tollgate::config
