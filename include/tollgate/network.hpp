// Where connections may go, and how names are resolved. Part of Config.
//
// Thread safety: immutable after load.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tollgate {

// What a connection may be made to.
enum class Network : unsigned char {
  any,
  private_only,  // addresses in NetworkConfig::private_ranges alone
};

// An IP address in 16 bytes; IPv4 in its mapped form, ::ffff:a.b.c.d.
using IpBytes = std::array<unsigned char, 16>;

// The addresses that begin with the same `bits` bits.
struct AddressRange {
  IpBytes first{};
  int bits = 128;  // of the 16 bytes: 10.0.0.0/8 has 104

  constexpr bool holds(const IpBytes& address) const noexcept {
    for (int bit = 0; bit < bits; bit += 8) {
      const auto at = static_cast<std::size_t>(bit / 8);
      const int rest = bits - bit;
      const auto mask = static_cast<unsigned char>(rest >= 8 ? 0xff : 0xff << (8 - rest));
      if ((address[at] & mask) != (first[at] & mask)) return false;
    }
    return true;
  }
  bool operator==(const AddressRange&) const = default;
};

// A range of IPv4 addresses; `bits` as it is written, of 32.
constexpr AddressRange ipv4_range(unsigned char a, unsigned char b, unsigned char c, unsigned char d, int bits) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, 96 + bits};
}

// RFC 1918, RFC 6598 (carrier-grade NAT, used by some private links), loopback, unique-local IPv6 (RFC 4193).
// Link-local is not among them: a machine's own metadata and credentials are served there.
inline std::vector<AddressRange> default_private_ranges() {
  return {ipv4_range(10, 0, 0, 0, 8),
          ipv4_range(172, 16, 0, 0, 12),
          ipv4_range(192, 168, 0, 0, 16),
          ipv4_range(100, 64, 0, 0, 10),
          ipv4_range(127, 0, 0, 0, 8),
          {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128},
          {{0xfc}, 7}};
}

struct NameServer {
  std::string host;  // an IP address
  std::uint16_t port = 53;
  bool operator==(const NameServer&) const = default;
};

// How names become addresses.
struct ResolverConfig {
  std::vector<NameServer> name_servers;           // empty: those of the system
  std::chrono::milliseconds min_ttl{1'000};       // an answer is used at least this long
  std::chrono::milliseconds max_ttl{300'000};     // and at most this long
  std::chrono::milliseconds negative_ttl{2'000};  // "no such name", and failures
  std::chrono::milliseconds stale{600'000};       // after its end, while no newer answer can be had
  bool operator==(const ResolverConfig&) const = default;
};

struct NetworkConfig : ResolverConfig {
  Network mode = Network::any;  // of deployments and side services that do not say
  std::vector<AddressRange> private_ranges = default_private_ranges();
};

}  // namespace tollgate
