#include "net/address.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>

namespace tollgate::net {

namespace {

bool is_private_v4(std::uint32_t a) noexcept {
  return (a >> 24) == 127 || (a >> 24) == 10 || (a >> 20) == (172u << 4 | 1) ||
         (a >> 16) == (192u << 8 | 168) || (a >> 22) == (100u << 2 | 1) ||
         (a >> 16) == (169u << 8 | 254);
}

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

bool is_private(const Address& address) noexcept {
  if (!address.is_v6()) return is_private_v4(ntohl(v4(address).sin_addr.s_addr));
  const auto& a = v6(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&a)) {
    std::uint32_t mapped;
    std::memcpy(&mapped, a.s6_addr + 12, 4);
    return is_private_v4(ntohl(mapped));
  }
  return IN6_IS_ADDR_LOOPBACK(&a) || (a.s6_addr[0] & 0xfe) == 0xfc ||
         (a.s6_addr[0] == 0xfe && (a.s6_addr[1] & 0xc0) == 0x80);
}

}  // namespace tollgate::net
