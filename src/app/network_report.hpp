// What is told of the network: metrics of refusals and name resolution, and lines of the audit file.
#pragma once

#include "net/perimeter.hpp"

#include <string>

namespace tollgate::app {

// Prometheus text, to be appended to the other metrics.
std::string network_metrics(const net::Perimeter& perimeter);

// One JSON object without the line end.
std::string audit_line(const net::Refusal& refusal);

// Warns in the log of public name servers that would be told every name that is called although the mode is private.
void warn_of_name_servers(const NetworkConfig& network);

}  // namespace tollgate::app
