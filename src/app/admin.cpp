#include "app/admin.hpp"

#include "app/admin_keys.hpp"
#include "app/credential_report.hpp"
#include "app/fleet_report.hpp"
#include "app/spend_report.hpp"
#include "config/values.hpp"
#include "telemetry/metrics.hpp"

#include <nlohmann/json.hpp>

#include <ctime>
#include <vector>

namespace tollgate::app {

namespace {

// Whether `host` (of a Host header, with or without port) is this machine's own name for itself. A web
// page in a browser on this machine can send requests here under a name of its own; it cannot change
// what the Host header says.
bool is_local_name(std::string_view host) {
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  return config::is_loopback(host);
}

// What probes and scrapers read under whatever name they have for this machine.
bool is_for_machines(std::string_view path) {
  return path == "/metrics" || path == "/healthz" || path == "/readyz";
}

class Admin final : public Filter {
 public:
  explicit Admin(AdminSources sources) : sources_(std::move(sources)) {}

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next) const override {
    Outcome outcome;
    const auto path = ex.target.substr(0, ex.target.find('?'));
    AdminAnswer answer;
    if (!is_for_machines(path) && !is_host_good(ex)) {
      answer.status = 421;
      answer.body = "The admin plane is known as localhost, 127.0.0.1 or [::1] only.\n";
    } else if (KeyAdmin::is_mine(path)) {
      const auto state = co_await ex.body.source->read_whole(ex.body);
      if (state == BodySource::State::ok) {
        answer = sources_.keys->answer_to(ex, path);
      } else {
        answer.status = 400;
        answer.body = "The request body could not be read.\n";
      }
    } else {
      answer = answer_to(ex, path);
    }
    std::vector<Header> headers;
    if (!answer.allow.empty()) headers.push_back({"allow", answer.allow});
    if (!answer.challenge.empty()) headers.push_back({"www-authenticate", answer.challenge});
    if (answer.is_private) headers.push_back({"cache-control", "no-store"});
    ResponseHead head;
    head.status = answer.status;
    head.content_type = answer.content_type;
    head.content_length = answer.body.size();
    head.headers = headers;
    Flow flow = co_await out.head(head);
    Chunk chunk;
    chunk.bytes = answer.body;
    if (flow == Flow::go_on) flow = co_await out.chunk(chunk);
    if (flow == Flow::stop) outcome.end = End::client_gone;
    co_return outcome;
  }

 private:
  bool is_host_good(const Exchange& ex) const {
    if (!sources_.is_loopback) return true;
    for (const auto& header : ex.headers) {
      if (header.known == HeaderName::host) return is_local_name(header.value);
    }
    return true;  // HTTP/1.0, which no browser speaks
  }

  AdminAnswer answer_to(const Exchange& ex, std::string_view path) const {
    AdminAnswer answer;
    if (ex.method != "GET") {
      answer.status = 405;
      answer.allow = "GET";
      answer.body = "This path takes GET only.\n";
    } else if (path == "/metrics") {
      answer.content_type = telemetry::Metrics::content_type;
      answer.body = sources_.metrics();
    } else if (path == "/healthz") {
      answer.body = "alive\n";
    } else if (path == "/readyz") {
      const bool is_ready = sources_.is_ready();
      answer.status = is_ready ? 200 : 503;
      answer.body = is_ready ? "ready\n" : "draining\n";
    } else if (path == "/status") {
      answer.content_type = "application/json";
      answer.body = sources_.status();
    } else {
      answer.status = 404;
      answer.body = "There are /metrics, /healthz, /readyz, /status and /keys here.\n";
    }
    return answer;
  }

  AdminSources sources_;
};

std::string text_of(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

std::shared_ptr<const Filter> make_admin(AdminSources sources) {
  return std::make_shared<Admin>(std::move(sources));
}

std::string status_json(const Status& status, const Config& config,
                        const std::vector<std::unique_ptr<Worker>>& workers, Books& books, balancer::Fleet& fleet,
                        const credentials::TokenCells& tokens) {
  nlohmann::ordered_json out;
  out["version"] = TOLLGATE_VERSION;
  out["state"] = status.is_draining ? "draining" : "serving";
  out["started"] = text_of(status.started);
  out["configuration"]["files"] = config.files;
  out["configuration"]["loaded"] = text_of(status.last_reload);
  out["configuration"]["reloads_ok"] = status.reloads_ok;
  out["configuration"]["reloads_failed"] = status.reloads_failed;
  if (status.last_reload_error.empty()) {
    out["configuration"]["last_error"] = nullptr;
  } else {
    out["configuration"]["last_error"] = status.last_reload_error;
  }
  std::int64_t connections = 0;
  for (const auto& worker : workers) connections += worker->connections();
  out["workers"] = workers.size();
  out["client_connections"] = connections;
  for (const auto& deployment : config.deployments) {
    auto& shown = out["deployments"][deployment->name];
    shown["endpoint"] = deployment->endpoint.authority;
    shown["kind"] = deployment->kind == DeploymentKind::ptu ? "ptu" : "payg";
    shown["region"] = deployment->region;
  }
  add_fleet_status(out, fleet, config);
  for (const auto& subscription : config.subscriptions) {
    auto& shown = out["subscriptions"][subscription->name];
    shown["product"] = subscription->product->name;
    shown["suspended"] = subscription->is_suspended;
    shown["keys"] = subscription->keys.size();
  }
  if (!tokens.empty()) out["credentials"] = credential_status(config, tokens);
  out.update(spend_status(books, config));
  return out.dump(2) + "\n";
}

}  // namespace tollgate::app
