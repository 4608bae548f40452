#include "net/name_servers.hpp"

#include "base/ip.hpp"
#include "net/dns_channel.hpp"

namespace tollgate::net {

std::vector<std::string> public_name_servers(const NetworkConfig& network, const char* resolv_conf) {
  std::vector<std::string> found;
  if (network.mode != Network::private_only || !network.name_servers.empty()) return found;
  for (std::string& server : name_servers_in(resolv_conf)) {
    const auto address = base::parse_ip(server);
    if (!address || base::is_loopback(*address)) continue;
    const auto fault = base::fault_of(*address, network.mode, network.private_ranges);
    if (fault == base::IpFault::outside || fault == base::IpFault::public_address) found.push_back(std::move(server));
  }
  return found;
}

}  // namespace tollgate::net
