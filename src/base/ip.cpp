#include "base/ip.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tollgate::base {
namespace {

constexpr AddressRange mapped = ipv4_range(0, 0, 0, 0, 0);

constexpr AddressRange ipv4_unspecified = ipv4_range(0, 0, 0, 0, 8);
constexpr AddressRange ipv4_multicast = ipv4_range(224, 0, 0, 0, 4);
constexpr AddressRange ipv4_reserved = ipv4_range(240, 0, 0, 0, 4);
constexpr AddressRange ipv4_link_local = ipv4_range(169, 254, 0, 0, 16);
constexpr AddressRange ipv4_loopback = ipv4_range(127, 0, 0, 0, 8);
constexpr AddressRange ipv4_wire_server = ipv4_range(168, 63, 129, 16, 32);
constexpr AddressRange ipv6_multicast{{0xff}, 8};
constexpr AddressRange ipv6_link_local{{0xfe, 0x80}, 10};
constexpr AddressRange ipv6_loopback{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128};

// Forms that carry an IPv4 address. What is reached by them is decided by a translator or relay elsewhere.
constexpr AddressRange nat64{{0x00, 0x64, 0xff, 0x9b}, 96};                       // RFC 6052
constexpr AddressRange local_nat64{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48};     // RFC 8215
constexpr AddressRange six_to_four{{0x20, 0x02}, 16};                             // RFC 3056
constexpr AddressRange teredo{{0x20, 0x01, 0x00, 0x00}, 32};                      // RFC 4380
constexpr AddressRange ipv4_compatible{{}, 96};                                   // RFC 4291, deprecated
constexpr AddressRange ipv4_translated{{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};  // RFC 2765, ::ffff:0:a.b.c.d

// The second half of an ISATAP address (RFC 5214), in whatever network: 00-00-5E-FE or, where it is unique, 02-00-5E-FE.
bool is_isatap(const IpBytes& address) {
  return (address[8] & ~0x02) == 0 && address[9] == 0 && address[10] == 0x5e && address[11] == 0xfe;
}

IpBytes ipv4_inside(const IpBytes& address, std::size_t at) {
  IpBytes inside = mapped.first;
  std::copy_n(address.begin() + static_cast<std::ptrdiff_t>(at), 4, inside.begin() + 12);
  return inside;
}

// The IPv4 address that is carried. A local NAT64 may have it further in front as well; where it most often has it
// is looked at.
std::optional<IpBytes> carried(const IpBytes& address) {
  if (is_ipv4(address) || ipv6_loopback.holds(address) || address == IpBytes{}) return std::nullopt;
  if (six_to_four.holds(address)) return ipv4_inside(address, 2);
  if (teredo.holds(address)) {
    IpBytes inside = ipv4_inside(address, 12);  // with all its bits turned over
    std::for_each(inside.begin() + 12, inside.end(), [](unsigned char& byte) { byte ^= 0xff; });
    return inside;
  }
  const bool is_at_end = nat64.holds(address) || local_nat64.holds(address) || ipv4_compatible.holds(address) ||
                         ipv4_translated.holds(address) || is_isatap(address);
  return is_at_end ? std::optional(ipv4_inside(address, 12)) : std::nullopt;
}

bool is_in(const std::vector<AddressRange>& ranges, const IpBytes& address) noexcept {
  return std::any_of(ranges.begin(), ranges.end(), [&](const AddressRange& range) { return range.holds(address); });
}

IpFault fault_for_all(const IpBytes& address) noexcept {
  if (address == IpBytes{} || ipv4_unspecified.holds(address)) return IpFault::unspecified;
  if (ipv4_multicast.holds(address) || ipv6_multicast.holds(address)) return IpFault::multicast;
  if (ipv4_reserved.holds(address)) return IpFault::reserved;
  if (ipv4_link_local.holds(address) || ipv6_link_local.holds(address)) return IpFault::link_local;
  if (ipv4_wire_server.holds(address)) return IpFault::wire_server;
  return IpFault::none;
}

}  // namespace

std::optional<IpBytes> parse_ip(std::string_view text) {
  const std::string terminated(text);
  IpBytes address = mapped.first;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + 12) == 1) return address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

bool is_ipv4(const IpBytes& address) noexcept { return mapped.holds(address); }

std::string to_text(const IpBytes& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_ipv4(address)) {
    inet_ntop(AF_INET, address.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.data(), text, sizeof text);
  }
  return text;
}

std::optional<AddressRange> parse_range(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const bool is_written_as_ipv4 = text.substr(0, slash).find(':') == text.npos;
  const int most = is_written_as_ipv4 ? 32 : 128;
  int bits = most;
  if (slash != text.npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits < 0 || bits > most) return std::nullopt;
  }
  AddressRange range{*address, is_written_as_ipv4 ? 96 + bits : bits};
  for (int bit = range.bits; bit < 128; ++bit) {
    if (range.first[static_cast<std::size_t>(bit / 8)] & (0x80 >> (bit % 8))) return std::nullopt;
  }
  return range;
}

std::string to_text(const AddressRange& range) {
  const bool is_v4 = is_ipv4(range.first) && range.bits >= 96;
  return to_text(range.first) + "/" + std::to_string(is_v4 ? range.bits - 96 : range.bits);
}

std::string to_text(const std::vector<AddressRange>& ranges) {
  std::string text;
  for (const AddressRange& range : ranges) text += (text.empty() ? "" : ", ") + to_text(range);
  return text;
}

const char* words_of(IpFault fault) noexcept {
  switch (fault) {
    case IpFault::none: return "is good";
    case IpFault::unspecified: return "is no machine's address";
    case IpFault::multicast: return "is a multicast address";
    case IpFault::reserved: return "is a reserved address";
    case IpFault::link_local: return "is link-local, where a machine's own metadata and credentials are served";
    case IpFault::wire_server: return "is the agent that Azure gives a machine for itself";
    case IpFault::carries_another: return "carries an IPv4 address, and where that leads is decided elsewhere";
    case IpFault::outside: return "is outside network.private_ranges";
    case IpFault::public_address: return "is a public address";
  }
  return "";
}

IpFault fault_of(const IpBytes& address, Network network, const std::vector<AddressRange>& ranges) noexcept {
  if (const IpFault fault = fault_for_all(address); fault != IpFault::none) return fault;
  const auto inside = carried(address);
  if (network == Network::any) return inside ? fault_for_all(*inside) : IpFault::none;
  if (inside) return IpFault::carries_another;
  if (is_in(ranges, address)) return IpFault::none;
  static const std::vector<AddressRange> private_kinds = default_private_ranges();
  return is_in(private_kinds, address) ? IpFault::outside : IpFault::public_address;
}

bool is_loopback(const IpBytes& address) noexcept { return ipv4_loopback.holds(address) || ipv6_loopback.holds(address); }

bool serves_identities(const IpBytes& address) noexcept { return ipv4_link_local.holds(address) || is_loopback(address); }

}  // namespace tollgate::base
