#include "filters/realtime_offer.hpp"

#include "http/text.hpp"
#include "http/websocket_handshake.hpp"

#include <algorithm>
#include <string_view>

namespace tollgate::filters {

namespace {

constexpr std::string_view key_prefix = "openai-insecure-api-key.";
constexpr std::string_view beta_prefix = "openai-beta.";

Error refusal(ErrorKind kind, ErrorSource source, std::string message) {
  Error error;
  error.kind = kind;
  error.source = source;
  error.message = std::move(message);
  return error;
}

bool is_plain(std::string_view protocol) {
  return std::ranges::all_of(protocol, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

// Browsers can set no headers: they say key and preview version in subprotocols. Only `realtime` is ever
// chosen, so that no key comes back in the answer.
void read_protocols(const Exchange& ex, Upgrade& upgrade) {
  const auto pass_on = [&upgrade](std::string_view protocol) {
    if (!upgrade.upstream_protocols.empty()) upgrade.upstream_protocols += ", ";
    upgrade.upstream_protocols += protocol;
  };
  for (const Header& header : ex.headers) {
    if (header.known != HeaderName::sec_websocket_protocol) continue;
    for (std::string_view list = header.value; !list.empty();) {
      const std::string_view protocol = http::take_element(list);
      if (protocol == "realtime" && upgrade.protocol.empty()) {
        upgrade.protocol = "realtime";
        pass_on(protocol);
      } else if (protocol.starts_with(key_prefix) && upgrade.key.empty()) {
        upgrade.key = protocol.substr(key_prefix.size());
      } else if (protocol.starts_with(beta_prefix) && is_plain(protocol)) {
        pass_on(protocol);
      }
    }
  }
}

}  // namespace

Error read_realtime_offer(Exchange& ex) {
  http::ClientHandshake handshake = http::read_client_handshake(ex.headers);
  switch (handshake.fault) {
    case http::HandshakeFault::none: break;
    case http::HandshakeFault::malformed: return refusal(ErrorKind::bad_request, ErrorSource::client, handshake.why);
    default: return refusal(ErrorKind::upgrade_required, ErrorSource::client, handshake.why);
  }
  if (!ex.tunnel) {
    return refusal(ErrorKind::bad_request, ErrorSource::client, "A WebSocket handshake is an HTTP/1.1 request without a body.");
  }
  if (!ex.tunnel->is_open()) {
    return refusal(ErrorKind::overloaded, ErrorSource::gateway, "This gateway is ending and takes no new sessions. Please retry.");
  }
  ex.upgrade = std::make_unique<Upgrade>();
  Upgrade& upgrade = *ex.upgrade;
  upgrade.accept = std::move(handshake.accept);
  read_protocols(ex, upgrade);
  return {};
}

}  // namespace tollgate::filters
