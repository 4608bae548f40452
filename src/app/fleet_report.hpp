// What is known of the deployments, for /metrics and /status.
// One thread: the main one.
#pragma once

#include "balancer/fleet.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace tollgate::app {

// Prometheus text.
std::string fleet_metrics(balancer::Fleet& fleet, const Config& config);

// Adds to the members `deployments` and `models` of /status.
void add_fleet_status(nlohmann::ordered_json& out, balancer::Fleet& fleet, const Config& config);

}  // namespace tollgate::app
