#include "net/address.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>

namespace tollgate::net {

namespace {

const sockaddr_in& v4(const Address& a) { return reinterpret_cast<const sockaddr_in&>(a.storage); }
const sockaddr_in6& v6(const Address& a) { return reinterpret_cast<const sockaddr_in6&>(a.storage); }

}  // namespace

std::string Address::host_text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_v6()) {
    inet_ntop(AF_INET6, &v6(*this).sin6_addr, text, sizeof text);
  } else {
    inet_ntop(AF_INET, &v4(*this).sin_addr, text, sizeof text);
  }
  return text;
}

std::string Address::text() const {
  const auto port = std::to_string(ntohs(is_v6() ? v6(*this).sin6_port : v4(*this).sin_port));
  return is_v6() ? "[" + host_text() + "]:" + port : host_text() + ":" + port;
}

IpBytes Address::ip() const noexcept {
  IpBytes bytes = ipv4_range(0, 0, 0, 0, 0).first;
  if (is_v6()) {
    std::memcpy(bytes.data(), &v6(*this).sin6_addr, 16);
  } else {
    std::memcpy(bytes.data() + 12, &v4(*this).sin_addr, 4);
  }
  return bytes;
}

std::optional<Address> parse_address(const std::string& host, std::uint16_t port) {
  Address out;
  auto& in4 = reinterpret_cast<sockaddr_in&>(out.storage);
  const char* text = host == "localhost" ? "127.0.0.1" : host.c_str();
  if (inet_pton(AF_INET, text, &in4.sin_addr) == 1) {
    in4.sin_family = AF_INET;
    in4.sin_port = htons(port);
    out.size = sizeof in4;
    return out;
  }
  auto& in6 = reinterpret_cast<sockaddr_in6&>(out.storage);
  if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1) {
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    out.size = sizeof in6;
    return out;
  }
  return std::nullopt;
}

Address local_address(int socket) {
  Address out;
  out.size = sizeof out.storage;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&out.storage), &out.size);
  return out;
}

Address peer_address(int socket) {
  Address out;
  out.size = sizeof out.storage;
  ::getpeername(socket, reinterpret_cast<sockaddr*>(&out.storage), &out.size);
  return out;
}

}  // namespace tollgate::net
