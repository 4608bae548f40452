// IP addresses and ranges as text, and which of them a connection may be made to. Pure.
#pragma once

#include "tollgate/network.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::base {

// "10.1.2.3", "fd00::1". Without brackets, port or zone.
std::optional<IpBytes> parse_ip(std::string_view text);
std::string to_text(const IpBytes& address);

// "10.0.0.0/8", "fd00::/8"; an address alone is a range of one. Absent when it is malformed, or when bits
// behind the prefix are set.
std::optional<AddressRange> parse_range(std::string_view text);
std::string to_text(const AddressRange& range);
std::string to_text(const std::vector<AddressRange>& ranges);  // "10.0.0.0/8, fd00::/8"

bool is_ipv4(const IpBytes& address) noexcept;

// Why an address may not be connected to.
enum class IpFault : unsigned char {
  none,
  // Whatever the rule: nothing that the gateway calls can be there.
  unspecified,  // 0.0.0.0/8 and ::, which reach this machine
  multicast,
  reserved,     // 240.0.0.0/4, the broadcast address among them
  link_local,   // 169.254.0.0/16 and fe80::/10: a machine's own metadata and credentials
  wire_server,  // 168.63.129.16: Azure's agent of the machine
  // With Network::private_only.
  carries_another,  // an IPv4 address inside: NAT64, 6to4, Teredo, ISATAP, IPv4-translated or -compatible
  outside,          // of the ranges, though it is private by its kind (default_private_ranges)
  public_address,   // outside of the ranges too
};

// The end of a sentence that begins with the address: "is a multicast address".
const char* words_of(IpFault fault) noexcept;

IpFault fault_of(const IpBytes& address, Network network, const std::vector<AddressRange>& ranges) noexcept;

bool is_loopback(const IpBytes& address) noexcept;

// Where managed identities are served: 169.254.0.0/16 and loopback. For the code that fetches their tokens alone.
bool serves_identities(const IpBytes& address) noexcept;

}  // namespace tollgate::base
