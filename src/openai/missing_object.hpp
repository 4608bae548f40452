// How a provider says that it does not have what was asked for.
#pragma once

#include "tollgate/operation.hpp"

#include <string>
#include <string_view>

namespace tollgate::openai {

// Whether an error answer says that the resource does not keep what the request refers to. Another
// resource may; a wrong path, version or deployment is not meant. Any bytes may be given.
bool is_missing_object(int status, std::string_view body);

// The same for a response that another is to continue, which a resource at times reports of ones that
// it has (azure-openai: state and affinity).
bool is_missing_previous_response(int status, std::string_view body);

struct MissingObject {
  int status = 404;
  std::string body;  // JSON
};

// The provider's words for an id that it does not know. `field` names where in the body it stood, ""
// when it stood in the path.
MissingObject missing_object(const Route& route, std::string_view id, std::string_view field);

}  // namespace tollgate::openai
