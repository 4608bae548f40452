// Takes a request target apart: which operation it asks for, on which URL surface, for which model.
//
// An allow-list: what is not in the table is not found. Nothing that an upstream could read as
// another path passes (dot segments, empty segments, encoded slashes).
#pragma once

#include "tollgate/error.hpp"
#include "tollgate/operation.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::openai {

struct RouteError {
  ErrorKind kind = ErrorKind::not_found;  // or method_not_allowed
  std::string allow;                      // for the Allow header of a 405: "GET, DELETE"
};

// `target` is a request target in origin form, without the subscription's path prefix.
// `GET models/{id}` has the id in Route::model.
std::optional<Route> parse_target(std::string_view method, std::string_view target,
                                  RouteError& error);

// The model or deployment name that a path segment stands for: percent-decoded, 1 to 64 characters
// of A-Z a-z 0-9 . _ - : @. Nothing if it is not such a name.
std::optional<std::string> decode_model(std::string_view segment);

// The ids in the path of an operation on something that is kept: percent-decoded, "" if there is none.
// `inner` is what is named inside `outer`: a file or a file batch of a vector store.
struct PathIds {
  std::string outer;
  std::string inner;
};
PathIds ids_in_path(const Route& route);

}  // namespace tollgate::openai
