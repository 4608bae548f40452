#include "filters/upstream_body.hpp"

#include "http/text.hpp"
#include "openai/reasoning.hpp"
#include "openai/request_scan.hpp"

namespace tollgate::filters {

namespace {

// stream_options.include_usage is refused as an unknown argument by older dated versions
// (azure-openai: chat streaming). Versions are dates and compare as text.
bool takes_include_usage(const Route& route) {
  if (route.operation != Operation::chat_completions && route.operation != Operation::completions) return false;
  if (route.surface == Surface::v1) return true;
  return http::query_parameter(route.query, "api-version").value_or("") >= "2024-09-01";
}

// What the operation calls the bound on its answer. Chat has two names: reasoning models refuse the
// old one, older dated versions do not know the new one (azure-openai: chat parameters).
std::string_view bound_field(const Route& route, std::string_view base_model) {
  if (route.operation == Operation::responses) return "max_output_tokens";
  if (route.operation == Operation::completions) return "max_tokens";
  const bool is_new = route.surface == Surface::v1 ||
                      http::query_parameter(route.query, "api-version").value_or("") >= "2024-09-01";
  return is_new || openai::is_reasoning_model(base_model) ? "max_completion_tokens" : "max_tokens";
}

}  // namespace

UpstreamBody::UpstreamBody(const Exchange& ex, const Deployment& deployment) {
  const auto bytes = ex.body.bytes();
  if (ex.facts) {
    const bool body_names_model = ex.route.surface != Surface::deployment && ex.route.names_model;
    if (body_names_model && ex.facts->model != deployment.deployment) {
      edits.set_model(*ex.facts, deployment.deployment);
    }
    if (ex.is_stream && !ex.facts->include_usage && takes_include_usage(ex.route)) {
      edits.ask_for_usage(*ex.facts);
      asked_for_usage = true;
    }
    if (ex.answer_cap >= 0) {
      edits.set_max_tokens(*ex.facts, bound_field(ex.route, deployment.model), ex.answer_cap);
    }
    edits.pieces(bytes, pieces);
    length = edits.size_after(bytes);
    return;
  }
  length = ex.body.source ? ex.body.length : bytes.size();
  if (ex.body.model_end == 0) {
    if (!bytes.empty()) pieces.push_back(bytes);
    return;
  }
  pieces = {bytes.substr(0, ex.body.model_begin), deployment.deployment, bytes.substr(ex.body.model_end)};
  if (length) *length += deployment.deployment.size() - (ex.body.model_end - ex.body.model_begin);
}

}  // namespace tollgate::filters
