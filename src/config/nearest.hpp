// "Did you mean": the allowed word nearest to a wrong one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::config {

// The one of `allowed` that differs least from `wrong`, or "" when none is near enough to have been
// meant: at most one slip (insert, delete, replace, swap neighbours) in three letters,
// or one word the beginning of the other.
std::string nearest(std::string_view wrong, const std::vector<std::string>& allowed);

}  // namespace tollgate::config
