// An IP address with a port.
#pragma once

#include "tollgate/network.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/socket.h>

namespace tollgate::net {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  bool is_v6() const noexcept { return storage.ss_family == AF_INET6; }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  std::string text() const;       // "127.0.0.1:8080", "[::1]:8080"
  std::string host_text() const;  // without the port
  IpBytes ip() const noexcept;
};

// A literal IPv4 or IPv6 address or "localhost"; nothing else is looked up here.
std::optional<Address> parse_address(const std::string& host, std::uint16_t port);

Address local_address(int socket);
Address peer_address(int socket);

}  // namespace tollgate::net
