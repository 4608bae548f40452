#include "app/network_report.hpp"

#include "config/dates.hpp"
#include "net/name_servers.hpp"
#include "telemetry/exposition.hpp"
#include "tollgate/log.hpp"

#include <nlohmann/json.hpp>

namespace tollgate::app {

std::string network_metrics(const net::Perimeter& perimeter) {
  using telemetry::append_label;
  using telemetry::Exposition;
  using telemetry::label;
  Exposition out;
  out.family("tollgate_network_refusals_total", Exposition::Type::counter,
             "Addresses that were not connected to because the network's rules forbid it.");
  for (const auto& [caller, count] : perimeter.refusals()) {
    const bool is_token = caller.service == "token";
    std::string labels = label("service", caller.service);
    append_label(labels, "deployment", is_token ? "" : caller.name);
    append_label(labels, "credential", is_token ? caller.name : "");
    out.sample(labels, count);
  }
  const net::LookupCounts& lookups = perimeter.lookups;
  out.family("tollgate_name_lookups_total", Exposition::Type::counter, "Names that were resolved, by how.");
  const auto sample = [&](const char* result, const std::atomic<std::uint64_t>& count) {
    out.sample(label("result", result), count.load(std::memory_order_relaxed));
  };
  sample("cached", lookups.cached);
  sample("answered", lookups.answered);
  sample("no_such_name", lookups.no_such_name);
  sample("failed", lookups.failed);
  sample("stale", lookups.stale);
  out.family("tollgate_upstream_retired_total", Exposition::Type::counter,
             "Idle connections to deployments closed because their address left the name's answer.");
  out.sample("", lookups.retired.load(std::memory_order_relaxed));
  return out.take();
}

std::string audit_line(const net::Refusal& refusal) {
  using Json = nlohmann::ordered_json;
  Json line;
  line["time"] = config::date_to_text(refusal.at);
  line["who"] = "gateway";
  line["action"] = "network.refused";
  line["service"] = refusal.caller.service;
  if (!refusal.caller.name.empty())
    line[refusal.caller.service == "token" ? "credential" : "deployment"] = refusal.caller.name;
  line["host"] = refusal.host;
  line["address"] = refusal.address;
  line["reason"] = refusal.reason;
  if (!refusal.zone.empty()) line["zone"] = refusal.zone;
  line["message"] = refusal.text;
  line["repeated"] = refusal.untold;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Not refused: the machine's file may change at any time, and a gateway that then finds no names serves nobody.
void warn_of_name_servers(const NetworkConfig& network) {
  for (const std::string& server : net::public_name_servers(network)) {
    log::warn("network", "the name server " + server + " of /etc/resolv.conf is outside network.private_ranges, and is told every "
                         "name that is called; write one inside as network.nameservers, or Azure's 168.63.129.16");
  }
}

}  // namespace tollgate::app
