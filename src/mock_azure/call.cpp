#include "mock_azure/call.hpp"

#include "mock_azure/api_error.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

std::string throttled_message(const Deployment& deployment, const Admission& admission) {
  const DeploymentConfig& c = deployment.config();
  const std::int64_t seconds = (admission.retry_after.count() + 999) / 1000;
  std::string text = "Your requests to " + c.name + " for " + c.model_name + " in " + c.region +
                     " have exceeded the ";
  const std::string per_tier = " rate limit for your current OpenAI S0 pricing tier.";
  switch (admission.exhausted) {
    case Exhausted::capacity: text += "provisioned throughput of the deployment."; break;
    case Exhausted::requests: text += "call" + per_tier; break;
    default: text += "token" + per_tier;
  }
  return text + " Please retry after " + std::to_string(seconds) +
         " seconds. To increase your default rate limit, visit: "
         "https://aka.ms/oai/quotaincrease.";
}

}  // namespace

std::optional<Reply> choose_deployment(Call& call, std::string_view body_model) {
  call.model_asked = body_model;
  const std::string_view name =
      call.route.deployment.empty() ? body_model : std::string_view(call.route.deployment);
  if (name.empty()) {
    return invalid_request("you must provide a model parameter", "model");
  }
  call.deployment = call.world.deployments.find(name);
  if (call.deployment == nullptr) return deployment_not_found();
  if (!call.fault) call.fault = call.world.faults.take(name);
  if (call.fault.kind == FaultKind::status) return fault_status_reply(call.fault);
  return std::nullopt;
}

std::optional<Reply> admit(Call& call, std::int64_t prompt_tokens, std::int64_t max_output) {
  const std::int64_t cached = std::min(call.directives.cached_tokens, prompt_tokens);
  const Admission& admission =
      call.admission.emplace(call.deployment->admit(prompt_tokens, cached, max_output));
  if (admission.admitted()) return std::nullopt;
  Reply reply = edge_error(429, call.deployment->is_ptu() ? "429" : "RateLimitReached",
                           throttled_message(*call.deployment, admission));
  const std::int64_t ms = admission.retry_after.count();
  reply.headers = "retry-after: " + std::to_string((ms + 999) / 1000) + "\r\n";
  if (call.deployment->is_ptu()) {
    reply.headers += "retry-after-ms: " + std::to_string(ms) + "\r\n";
  }
  return reply;
}

void set_pace(const Call& call, Reply& reply) {
  const DeploymentConfig& config = call.deployment->config();
  reply.first_delay = call.directives.first_token.value_or(config.first_token);
  reply.gap = call.directives.gap.value_or(config.gap);
  reply.coalesces = call.directives.coalesces;
}

std::uint64_t meaning_of(std::string_view operation, std::string_view deployment,
                         std::uint64_t content) {
  return hash_bytes(hash_bytes(content, operation), deployment);
}

std::int64_t created_of(std::uint64_t meaning) {
  return 1'790'000'000 + static_cast<std::int64_t>(meaning % 1'000'000);
}

}  // namespace tollgate::mock
