// One thing that is wrong with a configuration, told so that its writer can put it right.
#pragma once

#include "tollgate/config.hpp"

#include <string>
#include <vector>

namespace tollgate::config {

// message says what to write instead; neither it nor the suggestion ever holds a secret.
struct Problem {
  Location where;  // line 0: the file as a whole
  std::string message;
  std::string suggestion;  // the allowed word that was probably meant, "" if none is near
};

using Problems = std::vector<Problem>;

// file:line:column: message (did you mean "x"?)
std::string to_text(const Problem& problem);

// By file in the order given by `files`, then by position.
void sort_by_position(Problems& problems, const std::vector<std::string>& files);

// A word of the file as shown in a message: quoted, one line, cut when long.
std::string cited(std::string_view text);

}  // namespace tollgate::config
