// The name servers that the system names, for those who have to know who is told every name.
#pragma once

#include "tollgate/network.hpp"

#include <string>
#include <vector>

namespace tollgate::net {

// Those of them, IP addresses, that are outside the ranges although the mode is private, on another machine
// and not link-local. None when the configuration names others. Reads `resolv_conf`.
std::vector<std::string> public_name_servers(const NetworkConfig& network, const char* resolv_conf = "/etc/resolv.conf");

}  // namespace tollgate::net
