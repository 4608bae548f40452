#include "mock_azure/route.hpp"

#include <algorithm>

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::string_view versions[] = {
    "2023-05-15",         "2024-02-01",         "2024-06-01",         "2024-10-21",
    "2024-02-15-preview", "2024-05-01-preview", "2024-07-01-preview", "2024-08-01-preview",
    "2024-09-01-preview", "2024-10-01-preview", "2024-12-01-preview", "2025-01-01-preview",
    "2025-02-01-preview", "2025-03-01-preview", "2025-04-01-preview",
};

// Longer paths first where one is the prefix of another.
constexpr std::string_view operations[] = {
    "chat/completions",     "completions",        "embeddings",   "images/generations",
    "images/edits",         "audio/transcriptions", "audio/translations", "audio/speech",
    "responses",            "files",              "batches",      "fine_tuning/jobs",
    "vector_stores",        "models",             "realtime",
};

bool take_prefix(std::string_view& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  path.remove_prefix(prefix.size());
  return true;
}

}  // namespace

bool is_known_api_version(std::string_view version) {
  return std::find(std::begin(versions), std::end(versions), version) != std::end(versions);
}

Routing find_route(const HttpRequest& request, Route& route) {
  std::string_view path = request.path;
  bool needs_deployment = false;
  if (take_prefix(path, "/openai/deployments/")) {
    route.surface = Surface::dated;
    needs_deployment = true;
    const std::size_t slash = path.find('/');
    if (slash == path.npos) return Routing::not_found;
    route.deployment = percent_decode(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  } else if (take_prefix(path, "/openai/v1/") || take_prefix(path, "/v1/")) {
    route.surface = Surface::v1;
  } else if (take_prefix(path, "/openai/")) {
    route.surface = Surface::dated;
  } else {
    return Routing::not_found;
  }

  for (const std::string_view operation : operations) {
    if (!path.starts_with(operation)) continue;
    std::string_view rest = path.substr(operation.size());
    if (!rest.empty() && rest.front() != '/') continue;
    route.operation = operation;
    while (!rest.empty()) {
      rest.remove_prefix(1);
      const std::size_t slash = rest.find('/');
      if (slash != 0 && !rest.empty()) route.segments.push_back(rest.substr(0, slash));
      if (slash == rest.npos) break;
      rest.remove_prefix(slash);
    }
    break;
  }
  if (route.operation.empty()) return Routing::not_found;

  if (route.surface == Surface::dated) {
    route.api_version = query_value(request.query, "api-version").value_or("");
    if (!is_known_api_version(route.api_version)) return Routing::bad_version;
    const bool by_deployment = route.operation.find("completions") != std::string_view::npos ||
                               route.operation == "embeddings" ||
                               route.operation.starts_with("images/") ||
                               route.operation.starts_with("audio/");
    // Node's client posts batches below a deployment too.
    if (by_deployment != needs_deployment && route.operation != "batches") {
      return Routing::not_found;
    }
  }
  return Routing::found;
}

}  // namespace tollgate::mock
