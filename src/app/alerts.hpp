// Tells of budget alerts: in the log, among the records, and to a webhook.
//
// The webhook is told one alert after the other; what fails is tried again a few times. What waits is
// bounded: beyond that the oldest are given up, which the log says.
// One thread: the loop's.
#pragma once

#include "base/branch.hpp"
#include "filters/till.hpp"
#include "net/loop.hpp"
#include "telemetry/record_writer.hpp"
#include "tollgate/spending.hpp"

#include <coroutine>
#include <deque>
#include <memory>
#include <string>

namespace tollgate::net {
class Perimeter;
class TlsClientContext;
}

namespace tollgate::app {

class Alerts {
 public:
  Alerts(net::Loop& loop, net::Perimeter& perimeter, telemetry::RecordWriter::Lane& records);

  // What an https:// webhook is proved by; null: there is none. Throws std::runtime_error when the authorities
  // cannot be used.
  std::shared_ptr<net::TlsClientContext> tls_for(const AlertsConfig& config) const;

  // What the configuration says now, with what tls_for() made of it.
  void use(const AlertsConfig& config, std::shared_ptr<net::TlsClientContext> tls);

  void tell(const filters::SpendAlert& alert);

 private:
  awaitable<void> tell_webhook();

  static constexpr std::size_t most_waiting = 100;

  net::Loop& loop_;
  net::Perimeter& perimeter_;
  telemetry::RecordWriter::Lane& records_;
  AlertsConfig config_;
  std::shared_ptr<net::TlsClientContext> tls_;
  std::deque<std::string> waiting_;  // as JSON
  base::Result<void> result_;
  std::coroutine_handle<> nobody_;
  base::Branch telling_;
};

}  // namespace tollgate::app
