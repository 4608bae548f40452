// One HTTP header field as views into bytes that somebody else owns.
#pragma once

#include <string_view>

namespace tollgate {

// Field names that the gateway has to recognise; a lookup that the parser has done already.
enum class HeaderName : unsigned char {
  other,
  accept,
  accept_encoding,
  api_key,
  apim_request_id,
  authorization,
  azure_openai_deployment_utilization,
  cache_control,
  connection,
  content_disposition,
  content_encoding,
  content_length,
  content_type,
  cookie,
  date,
  expect,
  forwarded,
  host,
  idempotency_key,
  keep_alive,
  ocp_apim_subscription_key,
  openai_beta,
  openai_organization,
  openai_processing_ms,
  openai_project,
  openai_version,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  retry_after,
  retry_after_ms,
  sec_websocket_accept,
  sec_websocket_extensions,
  sec_websocket_key,
  sec_websocket_protocol,
  sec_websocket_version,
  server,
  set_cookie,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  via,
  x_accel_buffering,
  x_api_key,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_ms_client_request_id,
  x_ms_oai_image_generation_deployment,
  x_ms_region,
  x_ms_request_id,
  x_ratelimit_remaining_requests,
  x_ratelimit_remaining_tokens,
  x_request_id,
  x_should_retry,
  x_tollgate_session,
  x_tollgate_task,
};

struct Header {
  std::string_view name;   // as it was sent
  std::string_view value;  // without outer white space
  HeaderName known = HeaderName::other;
  bool is_hop_by_hop = false;  // for this connection only, never forwarded (RFC 9110 section 7.6.1)
};

}  // namespace tollgate
