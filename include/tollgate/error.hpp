// What went wrong, as a value: what the caller is told, whose fault it was, whether another
// deployment may be tried.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tollgate {

enum class ErrorSource : unsigned char { none, client, gateway, upstream };

enum class ErrorKind : unsigned char {
  none,
  bad_request,        // 400 invalid_request_error
  content_blocked,    // 400 content_filter
  unauthorized,       // 401 invalid_api_key
  suspended,          // 403 subscription_suspended
  not_permitted,      // 403 access_denied: known, but of no subscription
  model_not_allowed,  // 403 model_not_allowed
  region_not_allowed, // 403 region_not_allowed: no deployment that the product's residency allows
  model_not_found,    // 404 model_not_found
  not_found,          // 404 not_found
  method_not_allowed, // 405 method_not_allowed
  request_timeout,    // 408 timeout
  length_required,    // 411 length_required
  request_too_large,  // 413 request_too_large
  bad_encoding,       // 415 unsupported_encoding
  upgrade_required,   // 426 upgrade_required: the path speaks WebSocket alone
  headers_too_large,  // 431 headers_too_large
  rate_limited,       // 429 rate_limit_exceeded
  quota_exhausted,    // 429 insufficient_quota
  internal,           // 500 internal_error
  upstream_failed,    // 502 upstream_error
  no_deployment,      // 503 no_deployment_available
  overloaded,         // 503 overloaded
  identity_unavailable,  // 503 identity_unavailable: tokens cannot be verified now
  deadline_exceeded,  // 504 deadline_exceeded
};

struct Error {
  ErrorKind kind = ErrorKind::none;
  ErrorSource source = ErrorSource::gateway;
  bool is_retryable = false;  // another deployment may be tried while the client has seen nothing
  bool is_final = false;      // the caller is told that trying again is of no use
  int status = 0;             // told instead of the kind's own; 0: none
  std::string message;        // for the caller; never holds secrets, prompts or topology
  std::string param;          // the field at fault, "" if none
  std::string detail;         // for the log; never holds secrets or prompts
  std::chrono::milliseconds retry_after{-1};  // < 0: not said
  std::string challenge;      // of a 401 or 403: what www-authenticate says, "" nothing
};

// The HTTP status and the OpenAI `code` and `type` that a kind is told as (docs/errors).
int status_of(ErrorKind kind) noexcept;
const char* code_of(ErrorKind kind) noexcept;
const char* type_of(ErrorKind kind) noexcept;

// {"error":{"message":...,"type":...,"param":...,"code":...}}
std::string error_body(const Error& error);

}  // namespace tollgate
