#include "app/alerts.hpp"

#include "fetch/fetch.hpp"
#include "net/tls_context.hpp"
#include "tollgate/log.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <ctime>

namespace tollgate::app {

namespace {

constexpr std::chrono::seconds webhook_time{10};
constexpr std::array<std::chrono::seconds, 4> pauses{std::chrono::seconds(1), std::chrono::seconds(5),
                                                     std::chrono::seconds(30), std::chrono::seconds(120)};

std::string utc_text(WallTime at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string json_of(const filters::SpendAlert& alert) {
  const bool is_money = alert.measure == Measure::money;
  const auto in_unit = [is_money](std::int64_t amount) {
    return is_money ? static_cast<double>(amount) / 1e9 : static_cast<double>(amount);
  };
  nlohmann::ordered_json out;
  out["time"] = utc_text(alert.at);
  out["event"] = "budget_alert";
  out["rule"] = alert.rule;
  out["owner"] = alert.pot.substr(alert.pot.find('|') + 1);
  out["percent"] = alert.percent;
  out["used"] = in_unit(alert.used);
  out["limit"] = in_unit(alert.limit);
  out["unit"] = is_money ? "dollars" : alert.measure == Measure::tokens ? "tokens" : "requests";
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

Alerts::Alerts(net::Loop& loop, net::Perimeter& perimeter, telemetry::RecordWriter::Lane& records)
    : loop_(loop), perimeter_(perimeter), records_(records) {}

std::shared_ptr<net::TlsClientContext> Alerts::tls_for(const AlertsConfig& config) const {
  if (!config.webhook.starts_with("https://")) return nullptr;
  // The system's authorities are read once; those of a file may have been replaced.
  if (tls_ && config_.ca_file.empty() && config.ca_file.empty()) return tls_;
  return std::make_shared<net::TlsClientContext>(config.ca_file);
}

void Alerts::use(const AlertsConfig& config, std::shared_ptr<net::TlsClientContext> tls) {
  config_ = config;
  tls_ = std::move(tls);
}

void Alerts::tell(const filters::SpendAlert& alert) {
  log::warn("budget", alert.rule + " has reached " + std::to_string(alert.percent) + " % (" + alert.pot + ")");
  std::string json = json_of(alert);
  records_.append_event(json);
  records_.flush();
  if (config_.webhook.empty()) return;
  if (waiting_.size() == most_waiting) {
    log::error("budget", "the webhook has too many alerts to be told; the oldest is given up");
    waiting_.erase(waiting_.begin() + 1);  // the first is being told
  }
  waiting_.push_back(std::move(json));
  if (waiting_.size() > 1) return;
  telling_ = base::run(tell_webhook(), result_);
  telling_.start(&nobody_);
}

awaitable<void> Alerts::tell_webhook() {
  std::size_t failures = 0;
  while (!waiting_.empty()) {
    fetch::Request what;
    what.url = config_.webhook;
    what.method = "POST";
    if (!config_.webhook_token.is_empty()) what.headers = "Authorization: Bearer " + config_.webhook_token.reveal() + "\r\n";
    what.json = waiting_.front();
    auto tls = what.url.starts_with("https://") ? tls_ : nullptr;
    const net::Egress egress(perimeter_, {"webhook", ""}, config_.network);
    const fetch::Answer answer =
        co_await fetch::send(loop_, egress, std::move(what), std::move(tls), Clock::now() + webhook_time);
    if (answer.problem.empty() || failures == pauses.size()) {
      if (!answer.problem.empty()) log::error("budget", "the webhook was not told of an alert: " + answer.problem);
      waiting_.pop_front();
      failures = 0;
      continue;
    }
    log::warn("budget", "the webhook could not be told of an alert, it will be tried again: " + answer.problem);
    net::Sleep pause(loop_, Clock::now() + pauses[failures++]);
    co_await pause;
  }
}

}  // namespace tollgate::app
