// One core's share of the gateway: a thread with its event loop, its server and its connections to
// the deployments. Nothing here is shared with another worker.
// Thread safety: made on the main thread, then everything runs on the worker's own; use(), drain()
// and stop() may be called from any thread, connections() too.
#pragma once

#include "base/branch.hpp"
#include "credentials/worker_tokens.hpp"
#include "filters/till.hpp"
#include "net/loop.hpp"
#include "server/server.hpp"
#include "telemetry/record_writer.hpp"
#include "telemetry/worker_metrics.hpp"
#include "upstream/upstreams.hpp"

#include <memory>
#include <thread>

namespace tollgate::sharing {
class SharedPots;
}

namespace tollgate::app {

class Books;

// Counts what a server tells it and keeps the records.
class Accounting final : public server::Observer, private Timer {
 public:
  // `lane` is null where no records are kept.
  Accounting(net::Loop& loop, telemetry::WorkerMetrics& metrics,
             telemetry::RecordWriter::Lane* lane);
  ~Accounting() override;

  void on_connection(int change) override;
  void on_refused_connection() override;
  void on_connection_error(ConnectionError error) override;
  void on_session(int change) override;
  void on_begin() override;
  void on_end(const Exchange& ex, const Outcome& outcome) override;

 private:
  net::Loop& loop_;
  telemetry::WorkerMetrics& metrics_;
  telemetry::RecordWriter::Lane* lane_;
};

class Worker {
 public:
  Worker(std::shared_ptr<const server::Chain> chain, const credentials::TokenCells& tokens,
         telemetry::WorkerMetrics& metrics, telemetry::RecordWriter::Lane& lane, Books& books, net::Perimeter& perimeter);
  ~Worker();  // stops and joins
  Worker(const Worker&) = delete;

  void listen(const net::Address& address) { server_.listen(address); }
  net::Address address() const { return server_.address(); }
  void start();

  void use(std::shared_ptr<const server::Chain> chain, credentials::TokenCells tokens);
  void drain();
  void end_sessions();  // that are still open: each is closed properly
  void stop();
  std::int64_t connections() const noexcept { return metrics_.client_connections.value(); }
  std::int64_t sessions() const noexcept { return metrics_.sessions_open.value(); }
  const sharing::SharedPots* shared() const noexcept { return shared_.get(); }  // null: nothing is shared

 private:
  awaitable<void> close_shared();

  telemetry::WorkerMetrics& metrics_;
  telemetry::RecordWriter::Lane& lane_;
  net::Loop loop_;
  Accounting accounting_;
  upstream::Upstreams upstreams_;
  credentials::WorkerTokens tokens_;
  std::unique_ptr<sharing::SharedPots> shared_;
  filters::Till till_;
  server::Server server_;
  base::Result<void> closed_;
  std::coroutine_handle<> nobody_;
  base::Branch closing_;
  std::thread thread_;
  bool is_stopping_ = false;  // the main thread's
};

}  // namespace tollgate::app
