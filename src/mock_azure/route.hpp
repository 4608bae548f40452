// From a path to an operation: which surface, which deployment, which resource.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mock_azure/http_request.hpp"

namespace tollgate::mock {

enum class Surface { dated, v1 };

struct Route {
  Surface surface = Surface::v1;
  std::string deployment;  // from the path; empty on v1 and on deployment-less dated paths
  std::string api_version;
  std::string_view operation;              // "chat/completions", "responses", "files", ...
  std::vector<std::string_view> segments;  // what follows the operation: ids and sub-resources
};

enum class Routing { found, not_found, bad_version };

Routing find_route(const HttpRequest& request, Route& route);

bool is_known_api_version(std::string_view version);

}  // namespace tollgate::mock
