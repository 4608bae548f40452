#include "upstream/answer_policy.hpp"

#include "http/date.hpp"
#include "http/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tollgate::upstream {

namespace {

// An allow-list (azure-openai: response headers): region, deployment, spillover, utilisation and the
// backend's own quota stay here.
bool is_passed_on(const Header& header) noexcept {
  switch (header.known) {
    case HeaderName::apim_request_id:
    case HeaderName::cache_control:
    case HeaderName::content_disposition:
    case HeaderName::content_encoding:
    case HeaderName::openai_processing_ms:
    case HeaderName::openai_version:
    case HeaderName::retry_after:
    case HeaderName::retry_after_ms:
    case HeaderName::x_accel_buffering:
    case HeaderName::x_ms_client_request_id:
    case HeaderName::x_ms_request_id:
    case HeaderName::x_should_retry: return true;
    default: return false;
  }
}

constexpr long long longest_advice = 86'400'000;  // ms

// A number of so many milliseconds each, rounded up; < 0: it is none. One that is too large to be is the longest.
long long milliseconds_in(std::string_view text, double each) noexcept {
  if (text.empty() || text.front() < '0' || text.front() > '9') return -1;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{}) return longest_advice;
  return static_cast<long long>(std::ceil(std::min(number * each, static_cast<double>(longest_advice))));
}

}  // namespace

bool is_about_request(int status) noexcept {
  switch (status) {
    case 400:
    case 409:
    case 413:
    case 415:
    case 422: return true;
    default: return false;
  }
}

// With their quotes: inside a message they would be escaped (azure-openai: errors).
bool is_missing_deployment(int status, std::string_view body, bool names_model) noexcept {
  if (status != 404) return false;
  const auto says = [&](std::string_view code) { return body.find(code) != body.npos; };
  return says("\"DeploymentNotFound\"") || (names_model && says("\"model_not_found\""));
}

bool is_wrong_tenant(int status, std::string_view body) noexcept {
  return status == 400 && body.find("\"Tenant provided in token does not match resource token\"") != body.npos;
}

// Azure says seconds in one header and milliseconds in the other, sometimes neither, sometimes a day
// for a limit of a minute (azure-openai: errors). What stands before it may say a date.
std::chrono::milliseconds advice_of(const http::ResponseHead& head, WallTime now) {
  if (const auto ms = milliseconds_in(head.retry_after_ms, 1); ms >= 0) return std::chrono::milliseconds(ms);
  if (const auto ms = milliseconds_in(head.retry_after, 1'000); ms >= 0) return std::chrono::milliseconds(ms);
  const auto date = head.retry_after.empty() ? std::nullopt : http::parse_date(head.retry_after);
  if (!date) return std::chrono::milliseconds(-1);
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*date - now), std::chrono::milliseconds(0),
                    std::chrono::milliseconds(longest_advice));
}

bool is_throttled(const http::ResponseHead& head) {
  return head.status == 429 || (head.status == 503 && advice_of(head, coarse_wall_now()).count() >= 0);
}

// "87.4%"
std::optional<double> utilization_of(const http::ResponseHead& head) noexcept {
  const auto* field = http::find_field(head.fields, HeaderName::azure_openai_deployment_utilization);
  if (!field) return std::nullopt;
  double percent = 0;
  const char* const end = field->value.data() + field->value.size();
  const auto [stop, error] = std::from_chars(field->value.data(), end, percent);
  const bool is_percentage = error == std::errc{} && stop + 1 == end && *stop == '%';
  if (!is_percentage || !(percent >= 0)) return std::nullopt;
  return percent / 100;
}

// One page of the provider's spells the first header with the deployment's name in place of `deployment`
// (azure-openai: native spillover).
std::optional<std::string_view> spilled_to(const http::ResponseHead& head) noexcept {
  constexpr std::string_view from = "x-ms-spillover-from-";
  const bool is_spilled = std::ranges::any_of(head.fields, [&](const Header& field) {
    return http::iequals(field.name.substr(0, from.size()), from);
  });
  if (!is_spilled) return std::nullopt;
  const auto* by = http::find_field(head.fields, "x-ms-deployment-name");
  return by ? by->value : std::string_view();
}

Error error_for(const http::ResponseHead& head) {
  Error error;
  error.source = ErrorSource::upstream;
  error.is_retryable = true;
  error.detail = "the upstream answered " + std::to_string(head.status);
  error.retry_after = advice_of(head, coarse_wall_now());
  switch (head.status) {
    case 429:
      error.kind = ErrorKind::rate_limited;
      error.message = "The model deployment is at its rate limit. Please retry later.";
      break;
    case 408:
    case 504:
      error.kind = ErrorKind::deadline_exceeded;
      error.message = "The model deployment did not answer in time.";
      break;
    case 503:
      error.kind = ErrorKind::no_deployment;
      error.message = "The model deployment is not available at the moment.";
      break;
    default:
      error.kind = ErrorKind::upstream_failed;
      error.message = "The model deployment failed to answer the request.";
  }
  return error;
}

void pick_headers(const http::ResponseHead& head, std::vector<Header>& out) {
  for (const auto& field : head.fields) {
    if (!field.is_hop_by_hop && is_passed_on(field)) out.push_back(field);
  }
}

}  // namespace tollgate::upstream
