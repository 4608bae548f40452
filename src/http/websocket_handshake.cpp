#include "http/websocket_handshake.hpp"

#include "base/base64.hpp"
#include "base/random.hpp"
#include "base/sha1.hpp"
#include "http/text.hpp"

#include <algorithm>
#include <array>

namespace tollgate::http {

namespace {

constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3

// The one field of that name; `count` says how many there are.
struct Found {
  std::string_view value;
  int count = 0;
};
Found find(std::span<const Header> headers, HeaderName name) {
  Found found;
  for (const Header& header : headers) {
    if (header.known != name) continue;
    found.value = header.value;
    ++found.count;
  }
  return found;
}

bool says(std::span<const Header> headers, HeaderName name, std::string_view token) {
  return std::any_of(headers.begin(), headers.end(), [&](const Header& header) {
    return header.known == name && has_token(header.value, token);
  });
}

bool is_base64_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

// 16 bytes in base64.
bool is_key(std::string_view text) noexcept {
  return text.size() == 24 && text.ends_with("==") && std::ranges::all_of(text.substr(0, 22), is_base64_digit);
}

ClientHandshake refuse(HandshakeFault fault, const char* why) {
  ClientHandshake out;
  out.fault = fault;
  out.why = why;
  return out;
}

}  // namespace

std::string accept_for(std::string_view key) {
  const auto digest = base::sha1(std::string(key).append(accept_suffix));
  return base::base64(digest);
}

ClientHandshake read_client_handshake(std::span<const Header> headers) {
  if (!says(headers, HeaderName::upgrade, "websocket") || !says(headers, HeaderName::connection, "upgrade")) {
    return refuse(HandshakeFault::not_asked, "This path speaks WebSocket; send an upgrade request.");
  }
  const Found version = find(headers, HeaderName::sec_websocket_version);
  if (version.count != 1 || version.value != "13") {
    return refuse(HandshakeFault::bad_version, "Only version 13 of the WebSocket protocol is spoken here.");
  }
  const Found key = find(headers, HeaderName::sec_websocket_key);
  if (key.count != 1 || !is_key(key.value)) {
    return refuse(HandshakeFault::malformed, "Sec-WebSocket-Key must be there once, and be 16 bytes in base64.");
  }
  ClientHandshake out;
  out.accept = accept_for(key.value);
  return out;
}

std::string make_handshake_key() {
  std::array<unsigned char, 16> bytes;
  base::fill_random(bytes);
  return base::base64(bytes);
}

std::string_view refuse_server_handshake(const ResponseHead& head, std::string_view key, std::string_view protocols) {
  const std::span<const Header> headers(head.fields.data(), head.fields.size());
  const Found upgrade = find(headers, HeaderName::upgrade);
  if (upgrade.count != 1 || !iequals(upgrade.value, "websocket")) return "it does not name the protocol";
  if (!says(headers, HeaderName::connection, "upgrade")) return "Connection does not say so";
  const Found accept = find(headers, HeaderName::sec_websocket_accept);
  if (accept.count != 1 || accept.value != accept_for(key)) return "Sec-WebSocket-Accept is not the one of our key";
  if (find(headers, HeaderName::sec_websocket_extensions).count != 0) return "it uses an extension that was not offered";
  const Found protocol = find(headers, HeaderName::sec_websocket_protocol);
  const bool was_offered = protocol.count == 1 && has_token(protocols, protocol.value);
  if (protocol.count != 0 && !was_offered) return "it chose a subprotocol that was not offered";
  return {};
}

}  // namespace tollgate::http
