#include "app/app.hpp"

#include "app/admin.hpp"
#include "app/admin_keys.hpp"
#include "app/affinity_report.hpp"
#include "app/credential_report.hpp"
#include "app/fleet_report.hpp"
#include "app/network_report.hpp"
#include "app/spend_report.hpp"
#include "app/start_memory.hpp"
#include "config/load.hpp"
#include "config/tls_files.hpp"
#include "config/values.hpp"
#include "filters/filters.hpp"
#include "identity/durable_file.hpp"
#include "net/listener.hpp"
#include "net/tls_context.hpp"
#include "pipeline/registry.hpp"
#include "tollgate/log.hpp"

#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <sys/resource.h>
#include <utility>

namespace tollgate::app {

namespace {

constexpr std::chrono::milliseconds drain_poll{20};
constexpr std::chrono::milliseconds session_farewell{1'000};  // for close frames, when the drain is over

// A copy for one worker: the reference counts of different workers then share no cache line.
std::shared_ptr<const server::Chain> own_copy(const server::Chain& chain) {
  return std::make_shared<server::Chain>(chain);
}

net::Address address_of(const ListenAddress& listen) {
  const auto address = net::parse_address(listen.host, listen.port);
  if (!address) throw std::runtime_error("not an IP address to listen on: " + listen.host);
  return *address;
}

// Every stream needs two descriptors; the soft limit of many systems is 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

log::Level level_of(const std::string& name) {
  if (name == "error") return log::Level::error;
  if (name == "warn") return log::Level::warn;
  if (name == "debug") return log::Level::debug;
  return log::Level::info;
}

void warn_of_expired_certificates(const Config& config) {
  for (const std::string& text : config::expired_certificates(config, std::chrono::system_clock::now()))
    log::warn("config", text);
}

// Null: plain HTTP.
std::shared_ptr<const net::TlsServerContext> make_tls(const Config& config) {
  if (!config.server.tls) return nullptr;
  const auto& tls = *config.server.tls;
  net::ClientTrust clients;
  clients.ca_file = tls.client_ca_file;
  clients.is_required = tls.client_certificates == ClientCertificates::required;
  return std::make_shared<net::TlsServerContext>(tls.certificate_file, tls.key_file, clients);
}

}  // namespace

std::vector<std::shared_ptr<const Filter>> App::make_filters(const Config& config) {
  filters::Services services;
  services.key_ring = &key_ring_;
  services.runtime_access = key_book_.current();
  services.pots = &books_.pots();
  services.estimates = &books_.estimates();
  services.fleet = &fleet_;
  services.directory = &directory_;
  return pipeline::build(config, services);
}

std::shared_ptr<const server::Chain> App::make_chain(std::shared_ptr<const Config> config,
                                                     std::shared_ptr<const net::TlsServerContext> tls) {
  auto chain = std::make_shared<server::Chain>();
  chain->filters = make_filters(*config);
  chain->tls = std::move(tls);
  chain->config = std::move(config);
  return chain;
}

App::App(std::string config_path, std::shared_ptr<const Config> config)
    : config_path_(std::move(config_path)),
      records_(config->records),
      metrics_(TOLLGATE_VERSION),
      perimeter_(config->network,
                 [this, audit_path = config->identity.audit_path](const net::Refusal& refusal) {
                   note_refusal(refusal, audit_path);
                 }),
      alerts_(loop_, perimeter_, records_.add_lane()),
      books_(loop_, config->ledger, [this](const filters::SpendAlert& alert) { alerts_.tell(alert); }),
      directory_(config->affinity),
      key_fetcher_(loop_, perimeter_, key_ring_),
      key_book_(config->identity.keys_path, config->identity.audit_path),
      token_fetcher_(loop_, perimeter_),
      admin_metrics_(1),
      admin_accounting_(loop_, admin_metrics_, nullptr),
      admin_upstreams_(loop_, perimeter_, admin_metrics_) {
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  log::set_level(level_of(config->log.level));
  status_.started = status_.last_reload = std::chrono::system_clock::now();
  metrics_.watch(records_);
  chain_ = make_chain(config, make_tls(*config));
  warn_of_name_servers(config->network);
  key_fetcher_.use(config->identity.entra, identity::KeyFetcher::tls_for(config->identity.entra));
  alerts_.use(config->alerts, alerts_.tls_for(config->alerts));
  token_fetcher_.use(token_fetcher_.prepare(config));
  warn_of_expired_certificates(*config);

  const auto& server = config->server;
  const int count = server.workers > 0
                        ? server.workers
                        : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  net::Address address = address_of(server.listen);
  net::refuse_if_taken(address);
  for (int i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(own_copy(*chain_), token_fetcher_.cells(), metrics_.add_worker(),
                                                records_.add_lane(), books_, perimeter_));
    workers_.back()->listen(address);
    address = workers_.back()->address();  // the same for all when the port was left to the system
  }

  key_admin_ = std::make_unique<KeyAdmin>(
      key_book_, [this]() -> const Config& { return *chain_->config; }, [this] { apply_keys(); });
  AdminSources sources;
  sources.keys = key_admin_.get();
  sources.is_loopback = config::is_loopback(server.admin.host);
  sources.metrics = [this] {
    return metrics_.render() + spend_metrics(books_, *chain_->config, workers_) + fleet_metrics(fleet_, *chain_->config) +
           credential_metrics(token_fetcher_.cells()) + affinity_metrics(directory_) + network_metrics(perimeter_);
  };
  sources.status = [this] {
    return status_json(status_, *chain_->config, workers_, books_, fleet_, token_fetcher_.cells());
  };
  sources.is_ready = [this] { return !status_.is_draining; };
  auto admin_chain = std::make_shared<server::Chain>();
  admin_chain->config = config;
  admin_chain->filters.push_back(make_admin(std::move(sources)));
  admin_ = std::make_unique<server::Server>(loop_, admin_upstreams_, admin_accounting_, admin_chain, false);
  net::refuse_if_taken(address_of(server.admin));
  admin_->listen(address_of(server.admin));
}

App::~App() = default;

int App::run() {
  signals_ = std::make_unique<net::Signals>(loop_, [this](int number) { on_signal(number); });
  if (chain_->config->server.watch_files) {
    watcher_ = std::make_unique<config::FileWatcher>(
        chain_->config->files, [this] { loop_.post([this] { reload("file change"); }); });
  }
  for (auto& worker : workers_) worker->start();
  admin_->start();
  const char* scheme = chain_->config->server.tls ? "https" : "http";
  std::printf("tollgate ready: data plane %s://%s, admin plane http://%s\n", scheme,
              workers_.front()->address().text().c_str(), admin_->address().text().c_str());
  std::fflush(stdout);
  give_back_start_memory();
  loop_.run();
  watcher_.reset();
  for (auto& worker : workers_) worker->stop();  // all at once: each may have to say farewell
  workers_.clear();
  return 0;
}

// From the thread that was about to connect.
void App::note_refusal(const net::Refusal& refusal, const std::string& audit_path) {
  loop_.post([audit_path, line = audit_line(refusal) + "\n"] {
    const std::string why = identity::append_to_file(audit_path, line);
    if (!why.empty()) log::error("network", "a refused connection is not in the audit file " + audit_path + ": it " + why);
  });
}

void App::reload(const char* cause) {
  config::LoadOptions options;
  options.known_filters = options.required_filters = pipeline::filter_names();
  const auto loaded = config::load(config_path_, options);
  std::string failure;
  for (const auto& problem : loaded.problems) failure += config::to_text(problem) + "\n";
  std::shared_ptr<const server::Chain> chain;
  if (loaded.config) {
    for (const auto& field : config::needs_restart(*chain_->config, *loaded.config)) {
      failure += field + " takes effect only with a restart; nothing was changed\n";
    }
    if (failure.empty()) {
      try {
        // First what may fail, so that nothing is changed by halves.
        auto tls = make_tls(*loaded.config);
        auto issuers_tls = identity::KeyFetcher::tls_for(loaded.config->identity.entra);
        auto webhook_tls = alerts_.tls_for(loaded.config->alerts);
        auto tokens = token_fetcher_.prepare(loaded.config);
        chain = make_chain(loaded.config, std::move(tls));  // the last of it: it changes limits that are in use
        perimeter_.use(loaded.config->network);  // then this: what follows begins to connect
        key_fetcher_.use(loaded.config->identity.entra, std::move(issuers_tls));
        alerts_.use(loaded.config->alerts, std::move(webhook_tls));
        token_fetcher_.use(std::move(tokens));
      } catch (const std::exception& e) {
        failure = e.what();
      }
    }
  }
  metrics_.on_config_reload(failure.empty());
  status_.last_reload_error = failure;
  if (!failure.empty()) {
    ++status_.reloads_failed;
    log::error("config", std::string("not reloaded after ") + cause + ", the last good one stays:\n" + failure);
    return;
  }
  ++status_.reloads_ok;
  status_.last_reload = std::chrono::system_clock::now();
  const bool has_other_files = chain->config->files != chain_->config->files;
  chain_ = std::move(chain);
  log::set_level(level_of(chain_->config->log.level));
  warn_of_name_servers(chain_->config->network);
  for (auto& worker : workers_) worker->use(own_copy(*chain_), token_fetcher_.cells());
  if (watcher_ && has_other_files) {
    watcher_ = std::make_unique<config::FileWatcher>(
        chain_->config->files, [this] { loop_.post([this] { reload("file change"); }); });
  }
  log::info("config", std::string("reloaded after ") + cause);
  warn_of_expired_certificates(*chain_->config);
}

// Keys that were made or removed on the admin plane: the same configuration with new filters.
void App::apply_keys() {
  auto next = std::make_shared<server::Chain>(*chain_);
  next->filters = make_filters(*next->config);
  chain_ = std::move(next);
  for (auto& worker : workers_) worker->use(own_copy(*chain_), token_fetcher_.cells());
}

void App::on_signal(int number) {
  if (number == SIGHUP) {
    records_.reopen();
    reload("SIGHUP");
    return;
  }
  if (status_.is_draining) {
    log::warn("drain", "told to end again: closing what is left");
    loop_.stop();
    return;
  }
  begin_drain();
}

// Not ready first, so that a load balancer sends no more; then no new connections; then the streams
// finish; then the deadline.
void App::begin_drain() {
  status_.is_draining = true;
  const auto& server = chain_->config->server;
  log::info("drain", "draining: not ready any more");
  drain_.app = this;
  drain_.at = Clock::now() + server.drain_grace;
  drain_.deadline = drain_.at + server.drain;
  drain_.fire = [](Timer& timer) { static_cast<DrainTimer&>(timer).app->drain_workers(); };
  loop_.arm(drain_);
}

void App::drain_workers() {
  for (auto& worker : workers_) worker->drain();
  drain_.fire = [](Timer& timer) { static_cast<DrainTimer&>(timer).app->wait_for_end(); };
  drain_.at = Clock::now() + drain_poll;
  loop_.arm(drain_);
}

// Sessions would go on for ever: at the deadline each is closed with a word, for which it has a moment.
bool App::end_sessions() {
  if (std::exchange(drain_.has_ended_sessions, true)) return false;
  std::int64_t open = 0;
  for (const auto& worker : workers_) {
    open += worker->sessions();
    worker->end_sessions();
  }
  return open > 0;
}

void App::wait_for_end() {
  std::int64_t open = 0;
  for (const auto& worker : workers_) open += worker->connections();
  if (open > 0 && Clock::now() >= drain_.deadline && end_sessions()) drain_.deadline = Clock::now() + session_farewell;
  if (open == 0 || Clock::now() >= drain_.deadline) {
    log::info("drain", open == 0 ? "drained" : "the drain deadline has passed: " + std::to_string(open) + " connections are cut");
    loop_.stop();
    return;
  }
  drain_.at = Clock::now() + drain_poll;
  loop_.arm(drain_);
}

}  // namespace tollgate::app
