// What an error is told as: HTTP status, OpenAI code and type, body; and the names of enumerations
// in metrics and records.
#include "tollgate/error.hpp"

#include "base/json_text.hpp"
#include "tollgate/operation.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/tunnel.hpp"

namespace tollgate {
namespace {

struct Told {
  int status;
  const char* code;
  const char* type;
};

// The SDKs choose their exception class by status. The types are those that OpenAI itself sends, so
// code that compares them meets nothing new.
Told told(ErrorKind kind) noexcept {
  constexpr auto bad_request = "invalid_request_error";
  constexpr auto server = "server_error";
  switch (kind) {
    case ErrorKind::none:
      break;
    case ErrorKind::bad_request:
      return {400, "invalid_request_error", bad_request};
    case ErrorKind::content_blocked:
      return {400, "content_filter", bad_request};
    case ErrorKind::unauthorized:
      return {401, "invalid_api_key", "authentication_error"};
    case ErrorKind::suspended:
      return {403, "subscription_suspended", "permission_error"};
    case ErrorKind::not_permitted:
      return {403, "access_denied", "permission_error"};
    case ErrorKind::model_not_allowed:
      return {403, "model_not_allowed", "permission_error"};
    case ErrorKind::region_not_allowed:
      return {403, "region_not_allowed", "permission_error"};
    case ErrorKind::model_not_found:
      return {404, "model_not_found", bad_request};
    case ErrorKind::not_found:
      return {404, "not_found", bad_request};
    case ErrorKind::method_not_allowed:
      return {405, "method_not_allowed", bad_request};
    case ErrorKind::request_timeout:
      return {408, "timeout", bad_request};
    case ErrorKind::length_required:
      return {411, "length_required", bad_request};
    case ErrorKind::request_too_large:
      return {413, "request_too_large", bad_request};
    case ErrorKind::bad_encoding:
      return {415, "unsupported_encoding", bad_request};
    case ErrorKind::upgrade_required:
      return {426, "upgrade_required", bad_request};
    case ErrorKind::headers_too_large:
      return {431, "headers_too_large", bad_request};
    case ErrorKind::rate_limited:
      return {429, "rate_limit_exceeded", "rate_limit_error"};
    case ErrorKind::quota_exhausted:
      return {429, "insufficient_quota", "insufficient_quota"};
    case ErrorKind::internal:
      return {500, "internal_error", server};
    case ErrorKind::upstream_failed:
      return {502, "upstream_error", server};
    case ErrorKind::no_deployment:
      return {503, "no_deployment_available", server};
    case ErrorKind::overloaded:
      return {503, "overloaded", server};
    case ErrorKind::identity_unavailable:
      return {503, "identity_unavailable", server};
    case ErrorKind::deadline_exceeded:
      return {504, "deadline_exceeded", server};
  }
  return {500, "internal_error", server};
}

}  // namespace

int status_of(ErrorKind kind) noexcept { return told(kind).status; }
const char* code_of(ErrorKind kind) noexcept { return told(kind).code; }
const char* type_of(ErrorKind kind) noexcept { return told(kind).type; }

std::string error_body(const Error& error) {
  const auto [status, code, type] = told(error.kind);
  std::string body;
  body.reserve(96 + error.message.size() + error.param.size());
  body += R"({"error":{"message":")";
  json_escape(body, error.message);
  body += R"(","type":")";
  body += type;
  body += R"(","param":)";
  if (error.param.empty()) {
    body += "null";
  } else {
    body += '"';
    json_escape(body, error.param);
    body += '"';
  }
  body += R"(,"code":")";
  body += code;
  body += R"("}})";
  return body;
}

const char* name_of(End end) noexcept {
  switch (end) {
    case End::complete:
      return "complete";
    case End::truncated:
      return "truncated";
    case End::stopped:
      return "stopped";
    case End::client_gone:
      return "client_gone";
    case End::refused:
      return "refused";
  }
  return "unknown";
}

const char* name_of(SessionEnd end) noexcept {
  switch (end) {
    case SessionEnd::none:
      return "none";
    case SessionEnd::client_closed:
      return "client_closed";
    case SessionEnd::upstream_closed:
      return "upstream_closed";
    case SessionEnd::client_gone:
      return "client_gone";
    case SessionEnd::upstream_gone:
      return "upstream_gone";
    case SessionEnd::client_fault:
      return "client_fault";
    case SessionEnd::upstream_fault:
      return "upstream_fault";
    case SessionEnd::idle:
      return "idle";
    case SessionEnd::expired:
      return "expired";
    case SessionEnd::spent:
      return "spent";
    case SessionEnd::drained:
      return "drained";
  }
  return "unknown";
}

const char* closed_by(SessionEnd end) noexcept {
  switch (end) {
    case SessionEnd::none:
      return "";
    case SessionEnd::client_closed:
    case SessionEnd::client_gone:
    case SessionEnd::client_fault:
      return "client";
    case SessionEnd::upstream_closed:
    case SessionEnd::upstream_gone:
    case SessionEnd::upstream_fault:
      return "upstream";
    case SessionEnd::idle:
    case SessionEnd::expired:
    case SessionEnd::spent:
    case SessionEnd::drained:
      return "gateway";
  }
  return "unknown";
}

const char* name_of(ErrorSource source) noexcept {
  switch (source) {
    case ErrorSource::none:
      return "none";
    case ErrorSource::client:
      return "client";
    case ErrorSource::gateway:
      return "gateway";
    case ErrorSource::upstream:
      return "upstream";
  }
  return "unknown";
}

const char* name_of(Operation operation) noexcept {
  switch (operation) {
    case Operation::chat_completions:
      return "chat_completions";
    case Operation::completions:
      return "completions";
    case Operation::embeddings:
      return "embeddings";
    case Operation::responses:
      return "responses";
    case Operation::response_object:
      return "response_object";
    case Operation::images:
      return "images";
    case Operation::audio_transcription:
      return "audio_transcription";
    case Operation::audio_speech:
      return "audio_speech";
    case Operation::files:
      return "files";
    case Operation::batches:
      return "batches";
    case Operation::fine_tuning:
      return "fine_tuning";
    case Operation::vector_stores:
      return "vector_stores";
    case Operation::realtime:
      return "realtime";
    case Operation::models:
      return "models";
    case Operation::none:
      return "none";
  }
  return "unknown";
}

const char* name_of(Surface surface) noexcept {
  switch (surface) {
    case Surface::deployment:
      return "deployment";
    case Surface::dated:
      return "dated";
    case Surface::v1:
      return "v1";
  }
  return "unknown";
}

}  // namespace tollgate
