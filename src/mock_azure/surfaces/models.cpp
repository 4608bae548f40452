// GET models: the base models behind the declared deployments.
#include <set>

#include "mock_azure/api_error.hpp"
#include "mock_azure/resource.hpp"
#include "mock_azure/surfaces/surfaces.hpp"

namespace tollgate::mock {
namespace {

Json model_json(const std::string& version) {
  return Json{{"id", version},
              {"object", "model"},
              {"created", 1'700'000'000},
              {"owned_by", "azure-openai"},
              {"status", "succeeded"},
              {"lifecycle_status", "generally-available"},
              {"capabilities",
               {{"fine_tune", false},
                {"inference", true},
                {"chat_completion", !version.starts_with("text-embedding")},
                {"embeddings", version.starts_with("text-embedding")}}}};
}

}  // namespace

Reply models(Call& call) {
  if (!call.is("GET")) return method_not_allowed();
  std::set<std::string> versions;
  for (const auto& [name, deployment] : call.world.config.deployments) {
    versions.insert(deployment.model.version);
  }
  if (versions.empty()) {
    for (const char* name : {"gpt-4o", "gpt-4o-mini", "o3", "text-embedding-3-small"}) {
      versions.insert(describe_model(name).version);
    }
  }
  if (call.route.segments.empty()) {
    Json data = Json::array();
    for (const std::string& version : versions) data.push_back(model_json(version));
    return json_answer(Json{{"object", "list"}, {"data", std::move(data)}});
  }
  const std::string wanted(call.route.segments.front());
  if (call.route.segments.size() > 1 || !versions.contains(wanted)) {
    return error_reply({.status = 404,
                        .message = "The requested model '" + wanted + "' does not exist.",
                        .code = "model_not_found",
                        .param = "model"});
  }
  return json_answer(model_json(wanted));
}

}  // namespace tollgate::mock
