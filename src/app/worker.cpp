#include "app/worker.hpp"

#include "app/books.hpp"
#include "base/request_id.hpp"
#include "sharing/shared_pots.hpp"

namespace tollgate::app {

Accounting::Accounting(net::Loop& loop, telemetry::WorkerMetrics& metrics,
                       telemetry::RecordWriter::Lane* lane)
    : loop_(loop), metrics_(metrics), lane_(lane) {
  fire = [](Timer& timer) { static_cast<Accounting&>(timer).lane_->flush(); };
}

Accounting::~Accounting() { loop_.disarm(*this); }

void Accounting::on_connection(int change) {
  metrics_.client_connections.add(change);
  if (change > 0) metrics_.connections_accepted.add();
}

void Accounting::on_refused_connection() { metrics_.connections_refused.add(); }

void Accounting::on_connection_error(ConnectionError error) {
  using telemetry::HttpError;
  switch (error) {
    case ConnectionError::malformed: metrics_.http_errors[HttpError::malformed].add(); break;
    case ConnectionError::header_timeout: metrics_.http_errors[HttpError::header_timeout].add(); break;
    case ConnectionError::too_large: metrics_.http_errors[HttpError::too_large].add(); break;
    case ConnectionError::write_stall: metrics_.http_errors[HttpError::write_stall].add(); break;
    case ConnectionError::tls: metrics_.http_errors[HttpError::tls].add(); break;
  }
}

void Accounting::on_session(int change) { metrics_.sessions_open.add(change); }

void Accounting::on_begin() { metrics_.requests_in_flight.add(1); }

void Accounting::on_end(const Exchange& ex, const Outcome& outcome) {
  using telemetry::HttpError;
  if (outcome.error == ErrorKind::request_timeout) metrics_.http_errors[HttpError::body_timeout].add();
  if (outcome.error == ErrorKind::request_too_large) metrics_.http_errors[HttpError::too_large].add();
  metrics_.requests_in_flight.subtract(1);
  metrics_.on_end(ex, outcome);
  if (!lane_) return;
  lane_->append(ex, outcome);
  if (is_armed() || !lane_->has_pending()) return;
  at = ex.ended + telemetry::RecordWriter::flush_interval;
  loop_.arm(*this);
}

namespace {

// How long a worker that ends may take to tell the shared store what is still owed.
constexpr std::chrono::milliseconds farewell{1'000};

std::unique_ptr<sharing::SharedPots> shared_pots(net::Loop& loop, net::Perimeter& perimeter,
                                                 const SharingConfig& config) {
  if (config.redis.empty()) return nullptr;
  return std::make_unique<sharing::SharedPots>(loop, perimeter, config, base::make_request_id());
}

}  // namespace

Worker::Worker(std::shared_ptr<const server::Chain> chain, const credentials::TokenCells& tokens,
               telemetry::WorkerMetrics& metrics, telemetry::RecordWriter::Lane& lane, Books& books, net::Perimeter& perimeter)
    : metrics_(metrics),
      lane_(lane),
      accounting_(loop_, metrics, &lane),
      upstreams_(loop_, perimeter, metrics),
      tokens_(loop_),
      shared_(shared_pots(loop_, perimeter, chain->config->sharing)),
      till_{books.ledger(), books.ledger().add_lane(), shared_.get(), books, books.unsettled(), chain->config->ledger.is_strict},
      server_(loop_, upstreams_, accounting_, chain, true) {
  server_.set_till(till_);
  server_.set_tokens(tokens_);
  server_.refuse_overload();
  tokens_.use(chain->config, tokens);
}

Worker::~Worker() {
  stop();
  if (thread_.joinable()) thread_.join();
  server_.close_all();
  lane_.flush();
}

void Worker::start() {
  server_.start();
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::use(std::shared_ptr<const server::Chain> chain, credentials::TokenCells tokens) {
  loop_.post([this, chain = std::move(chain), tokens = std::move(tokens)]() mutable {
    metrics_.on_new_config();
    upstreams_.on_new_config();
    tokens_.use(chain->config, tokens);
    server_.use(std::move(chain));
  });
}

void Worker::drain() {
  loop_.post([this] { server_.drain(); });
}

void Worker::end_sessions() {
  loop_.post([this] { server_.end_sessions(); });
}

// What the exchanges still owe is booked before the shared store is left.
void Worker::stop() {
  if (!thread_.joinable() || is_stopping_) return;
  is_stopping_ = true;
  loop_.post([this] {
    server_.drain();  // nobody new comes in
    server_.close_all();
    closing_ = base::run(close_shared(), closed_);
    closing_.start(&nobody_);
  });
}

awaitable<void> Worker::close_shared() {
  if (shared_) co_await shared_->close(Clock::now() + farewell);
  loop_.stop();
}

}  // namespace tollgate::app
