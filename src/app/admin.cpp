#include "app/admin.hpp"

#include "telemetry/metrics.hpp"

#include <nlohmann/json.hpp>

#include <ctime>

namespace tollgate::app {

namespace {

struct Answer {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

class Admin final : public Filter {
 public:
  explicit Admin(AdminSources sources) : sources_(std::move(sources)) {}

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next) const override {
    const Answer answer = answer_to(ex);
    ResponseHead head;
    head.status = answer.status;
    head.content_type = answer.content_type;
    head.content_length = answer.body.size();
    Outcome outcome;
    Flow flow = co_await out.head(head);
    Chunk chunk;
    chunk.bytes = answer.body;
    if (flow == Flow::go_on) flow = co_await out.chunk(chunk);
    if (flow == Flow::stop) outcome.end = End::client_gone;
    co_return outcome;
  }

 private:
  Answer answer_to(const Exchange& ex) const {
    Answer answer;
    const auto path = ex.target.substr(0, ex.target.find('?'));
    if (ex.method != "GET") {
      answer.status = 405;
      answer.body = "The admin plane takes GET only.\n";
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
      answer.body = "There are /metrics, /healthz, /readyz and /status here.\n";
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
                        const std::vector<std::unique_ptr<Worker>>& workers) {
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
  for (const auto& model : config.models) {
    out["models"][model->name]["deployment"] = model->deployment->name;
  }
  for (const auto& deployment : config.deployments) {
    auto& shown = out["deployments"][deployment->name];
    shown["endpoint"] = deployment->endpoint.authority;
    shown["kind"] = deployment->kind == DeploymentKind::ptu ? "ptu" : "payg";
    shown["region"] = deployment->region;
  }
  for (const auto& subscription : config.subscriptions) {
    auto& shown = out["subscriptions"][subscription->name];
    shown["product"] = subscription->product->name;
    shown["suspended"] = subscription->is_suspended;
    shown["keys"] = subscription->keys.size();
  }
  return out.dump(2) + "\n";
}

}  // namespace tollgate::app
