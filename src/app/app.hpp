// The composition root: builds everything once, starts the workers, reloads, drains.
// One thread: the main one.
#pragma once

#include "affinity/directory.hpp"
#include "app/alerts.hpp"
#include "app/books.hpp"
#include "app/worker.hpp"
#include "balancer/fleet.hpp"
#include "config/file_watcher.hpp"
#include "credentials/token_fetcher.hpp"
#include "identity/key_book.hpp"
#include "identity/key_fetcher.hpp"
#include "net/perimeter.hpp"
#include "net/signals.hpp"
#include "telemetry/metrics.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tollgate::app {

class KeyAdmin;

// The state that /readyz and /status tell.
struct Status {
  WallTime started{};
  WallTime last_reload{};
  std::string last_reload_error;  // "" when the last one went well
  int reloads_ok = 0;
  int reloads_failed = 0;
  bool is_draining = false;
};

class App {
 public:
  // Throws std::runtime_error when the gateway cannot start as configured.
  App(std::string config_path, std::shared_ptr<const Config> config);
  ~App();
  App(const App&) = delete;

  // Serves until told to end; the process's exit status.
  int run();

 private:
  std::vector<std::shared_ptr<const Filter>> make_filters(const Config& config);
  std::shared_ptr<const server::Chain> make_chain(std::shared_ptr<const Config> config,
                                                  std::shared_ptr<const net::TlsServerContext> tls);
  void note_refusal(const net::Refusal& refusal, const std::string& audit_path);
  void reload(const char* cause);
  void apply_keys();
  void on_signal(int number);
  void begin_drain();
  void drain_workers();
  void wait_for_end();
  bool end_sessions();

  std::string config_path_;
  std::shared_ptr<const server::Chain> chain_;
  Status status_;
  telemetry::RecordWriter records_;
  telemetry::Metrics metrics_;
  net::Loop loop_;  // the main thread's: admin plane, signals, reloads
  net::Perimeter perimeter_;
  Alerts alerts_;
  Books books_;
  balancer::Fleet fleet_;
  affinity::Directory directory_;
  identity::KeyRing key_ring_;
  identity::KeyFetcher key_fetcher_;
  identity::KeyBook key_book_;
  credentials::TokenFetcher token_fetcher_;
  std::unique_ptr<KeyAdmin> key_admin_;
  telemetry::WorkerMetrics admin_metrics_;  // of nobody's interest: the metrics are about the data plane
  Accounting admin_accounting_;
  upstream::Upstreams admin_upstreams_;  // none are ever used; an exchange has to name some
  std::unique_ptr<server::Server> admin_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<net::Signals> signals_;
  std::unique_ptr<config::FileWatcher> watcher_;
  struct DrainTimer : Timer {
    App* app = nullptr;
    TimePoint deadline{};
    bool has_ended_sessions = false;
  } drain_;
};

}  // namespace tollgate::app
