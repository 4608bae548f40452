// The Lua that runs inside Redis; arguments and answers are in commands.hpp.
#pragma once

#include <string_view>

namespace tollgate::sharing {

extern const std::string_view reserve_script;  // all or nothing over several pots
extern const std::string_view adjust_script;   // a batch of settlements, each batch applied once
extern const std::string_view beat_script;     // this gateway is alive, and what it holds

}  // namespace tollgate::sharing
