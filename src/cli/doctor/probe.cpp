#include "cli/doctor/probe.hpp"

#include "net/loop.hpp"
#include "net/private_zone.hpp"
#include "net/tls_context.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tollgate::cli::doctor {

std::shared_ptr<net::TlsClientContext> Trust::get(const std::string& ca_file, const std::optional<CertificateFiles>& own) {
  auto& context = contexts_[ca_file + '\n' + (own ? own->certificate + '\n' + own->key : "")];
  if (!context) context = std::make_shared<net::TlsClientContext>(ca_file, own);
  return context;
}

awaitable<Way> open_way(Surroundings& around, const Destination& to, WaySeen& seen) {
  Way way;
  seen.host = to.endpoint.host;
  seen.zone = net::private_zone_of(to.endpoint.host);
  seen.is_literal = net::parse_address(to.endpoint.host, 0).has_value() || !to.egress.pinned().empty();
  seen.must_be_private = to.network == Network::private_only;
  seen.has_own_ca = !to.ca_file.empty();
  seen.allowed = to.allowed;
  try {
    if (to.endpoint.is_tls) way.tls = around.trust.get(to.ca_file, to.own);
  } catch (const std::runtime_error& error) {
    seen.unusable = error.what();
  }
  if (!seen.unusable.empty()) co_return way;
  const TimePoint deadline = std::min(around.deadline, Clock::now() + to.allowed);
  net::Connected connected = co_await net::connect(around.loop, to.endpoint, to.egress, way.tls, deadline, &seen.trace);
  way.stream = std::move(connected.stream);
  co_return way;
}

}  // namespace tollgate::cli::doctor
