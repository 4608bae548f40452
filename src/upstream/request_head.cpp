#include "upstream/request_head.hpp"

#include "base/text_builder.hpp"
#include "http/chunk_writer.hpp"
#include "http/text.hpp"

namespace tollgate::upstream {

namespace {

using base::TextBuilder;

// Azure answers 431 to more than ten headers that it does not know (azure-openai: SDK headers).
constexpr int max_custom_headers = 10;

bool is_standard(HeaderName name) noexcept {
  switch (name) {
    case HeaderName::accept:
    case HeaderName::content_type:
    case HeaderName::user_agent:
    case HeaderName::traceparent:
    case HeaderName::tracestate: return true;
    default: return false;
  }
}

// An allow-list: credentials, cookies, forwarding headers, SDK telemetry, our own headers and
// whatever else a client invents stay here. Accept-Encoding stays too: a compressed event stream
// could not be read.
bool is_forwarded(const Header& header) noexcept {
  if (header.is_hop_by_hop) return false;
  switch (header.known) {
    case HeaderName::idempotency_key:
    case HeaderName::openai_beta:
    case HeaderName::x_ms_client_request_id:
    case HeaderName::x_ms_oai_image_generation_deployment: return true;
    case HeaderName::other: break;
    default: return is_standard(header.known);
  }
  // Preview features are opted into by headers of this family.
  constexpr std::string_view feature_prefix = "aoai-";
  return header.name.size() > feature_prefix.size() &&
         http::iequals(header.name.substr(0, feature_prefix.size()), feature_prefix);
}

// Parameters of the client's query that stay here: they carry credentials, or say the model, which goes
// upstream by another name.
bool is_kept_here(const Exchange& ex, std::string_view name) {
  if (http::iequals(name, "subscription-key") || http::iequals(name, "api-key")) return true;
  return ex.upgrade && (name == "model" || name == "deployment");
}

void append_query(TextBuilder& out, const Exchange& ex, const Deployment& deployment) {
  char separator = '?';
  if (ex.upgrade) {
    out.append(ex.route.surface == Surface::dated ? "?deployment=" : "?model=");
    out.append(deployment.deployment);
    separator = '&';
  }
  for (std::string_view query = ex.route.query; !query.empty();) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    const auto name = http::percent_decode(part.substr(0, part.find('=')));
    if (part.empty() || !name || is_kept_here(ex, *name)) continue;
    out += separator;
    out.append(part);
    separator = '&';
  }
}

void append_path(TextBuilder& out, const Exchange& ex, const Deployment& deployment) {
  out.append(deployment.endpoint.base_path);
  switch (ex.route.surface) {
    case Surface::deployment:
      out.put("/openai/deployments/");
      out.append(deployment.deployment);
      break;
    case Surface::dated: out.put("/openai"); break;
    case Surface::v1: out.put("/openai/v1"); break;
  }
  out.append(ex.route.tail);
  append_query(out, ex, deployment);
}

void append_handshake(TextBuilder& out, const Upgrade& upgrade, std::string_view key) {
  out.put("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  http::append_field(out, "Sec-WebSocket-Key", key);
  if (!upgrade.upstream_protocols.empty()) http::append_field(out, "Sec-WebSocket-Protocol", upgrade.upstream_protocols);
}

}  // namespace

std::string request_head(const Exchange& ex, const Deployment& deployment, std::optional<std::uint64_t> body_length,
                         std::string_view bearer, std::string_view handshake_key) {
  TextBuilder out;
  out.append(ex.method);
  out += ' ';
  append_path(out, ex, deployment);
  out.put(" HTTP/1.1\r\n");
  http::append_field(out, "Host", deployment.endpoint.authority);
  if (!deployment.api_key.is_empty()) http::append_field(out, "api-key", deployment.api_key.reveal());
  if (!bearer.empty()) {
    out.put("Authorization: Bearer ");
    out.append(bearer);
    out.put("\r\n");
  }
  int custom = 0;
  bool has_request_id = false;
  for (const auto& header : ex.headers) {
    if (!is_forwarded(header)) continue;
    if (!is_standard(header.known) && ++custom >= max_custom_headers) continue;
    has_request_id |= header.known == HeaderName::x_ms_client_request_id;
    http::append_field(out, header.name, header.value);
  }
  if (!has_request_id) http::append_field(out, "x-ms-client-request-id", ex.id);
  if (!handshake_key.empty()) {
    append_handshake(out, *ex.upgrade, handshake_key);
  } else if (!body_length) {
    out.put("Transfer-Encoding: chunked\r\n");
  } else if (*body_length > 0 || ex.method == "POST") {
    out.put("Content-Length: ");
    out.number(static_cast<std::int64_t>(*body_length));
    out.put("\r\n");
  }
  out.put("\r\n");
  return std::string(out.text());
}

}  // namespace tollgate::upstream
