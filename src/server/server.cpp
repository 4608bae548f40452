#include "server/server.hpp"

#include "base/text_builder.hpp"
#include "http/chunk_writer.hpp"
#include "net/listener.hpp"
#include "net/loop.hpp"
#include "net/readiness.hpp"
#include "net/ready_delay.hpp"
#include "net/tcp_stream.hpp"
#include "server/client_tunnel.hpp"
#include "server/connection.hpp"
#include "tollgate/error.hpp"

#include <array>

namespace tollgate::server {

namespace {

// A client beyond the limit is told so if its socket takes the few bytes at once.
void refuse_connection(net::TcpStream& tcp) {
  Error error;
  error.kind = ErrorKind::overloaded;
  error.message = "This gateway has as many connections as it may have. Please retry.";
  const std::string body = error_body(error);
  base::TextBuilder response;
  http::append_status_line(response, status_of(error.kind));
  http::append_field(response, "Content-Type", "application/json");
  http::append_field(response, "Content-Length", std::to_string(body.size()));
  http::append_field(response, "retry-after", "1");
  http::append_field(response, "Connection", "close");
  response.put("\r\n");
  const std::array<std::string_view, 2> parts{response.text(), body};
  tcp.try_write(parts);
  tcp.finish_sending();
}

}  // namespace

Server::Server(net::Loop& loop, upstream::Upstreams& upstreams, Observer& observer,
               std::shared_ptr<const Chain> chain, bool tells_decisions)
    : loop_(loop),
      upstreams_(upstreams),
      observer_(observer),
      chain_(std::move(chain)),
      tells_decisions_(tells_decisions) {}

Server::~Server() = default;

void Server::listen(const net::Address& address) {
  listener_ = std::make_unique<net::Listener>(
      loop_, address, [this](std::unique_ptr<net::TcpStream> tcp) { on_accept(std::move(tcp)); });
}

net::Address Server::address() const { return listener_->address(); }

void Server::start() { listener_->start(); }

void Server::refuse_overload() { delay_ = std::make_unique<net::ReadyDelay>(loop_); }

bool Server::must_refuse(TimePoint now, bool took_its_turn) {
  if (!delay_) return false;
  const bool was_refusing = overload_.is_refusing();
  const bool must = overload_.must_refuse(delay_->sample(now), chain_->config->server.limits.worker_wait, now, took_its_turn);
  if (was_refusing || overload_.is_refusing()) net::Readiness::answer_latest(loop_, overload_.most_refusals());
  return must;
}

bool Server::is_in_turn() { return !overload_.is_refusing() || net::Readiness::is_in_turn(loop_); }

void Server::on_accept(std::unique_ptr<net::TcpStream> tcp) {
  const auto limit = static_cast<std::size_t>(chain_->config->server.limits.connections_per_worker);
  if (connections_.size() >= limit) {
    observer_.on_refused_connection();
    if (!chain_->tls) refuse_connection(*tcp);  // a handshake is more than a refusal is worth
    return;
  }
  connections_.push_front(std::make_unique<Connection>(*this, std::move(tcp)));
  Connection& connection = *connections_.front();
  connection.self = connections_.begin();
  connection.start();
}

void Server::remove_later(Connection& connection) {
  // Destroyed by the loop: the connection's own coroutine is still running here.
  ended_.splice(ended_.begin(), connections_, connection.self);
  loop_.post([this] { ended_.clear(); });
}

void Server::drain() {
  is_draining_ = true;
  if (listener_) listener_->stop();
  for (auto at = connections_.begin(); at != connections_.end();) {
    at = (*at)->is_idle() ? connections_.erase(at) : std::next(at);
  }
}

void Server::add_session(ClientTunnel& session) {
  sessions_.push_back(&session);
  observer_.on_session(+1);
}

void Server::remove_session(ClientTunnel& session) {
  std::erase(sessions_, &session);
  observer_.on_session(-1);
}

void Server::end_sessions() {
  for (ClientTunnel* session : sessions_) session->end();
}

void Server::close_all() { connections_.clear(); }

}  // namespace tollgate::server
