// One worker's server: accepts connections, keeps them, hands each request to a chain of filters.
//
// Is given the chain and never names a filter.
// One thread: the worker's; drain() and use() too.
#pragma once

#include "net/address.hpp"
#include "server/overload.hpp"
#include "tollgate/config.hpp"
#include "tollgate/filter.hpp"

#include <list>
#include <memory>
#include <vector>

namespace tollgate::net {
class Loop;
class Listener;
class ReadyDelay;
class TcpStream;
class TlsServerContext;
}  // namespace tollgate::net

namespace tollgate::upstream {
class Upstreams;
}
namespace tollgate::credentials {
class WorkerTokens;
}
namespace tollgate::filters {
struct Till;
}

namespace tollgate::server {

class ClientTunnel;
class Connection;

// What requests are handled with: replaced as a whole by a reload. An exchange keeps the chain it
// started with.
struct Chain {
  std::shared_ptr<const Config> config;
  std::vector<std::shared_ptr<const Filter>> filters;
  std::shared_ptr<const net::TlsServerContext> tls;  // null: plain HTTP
};

// Hears of every exchange at its end, for records and metrics.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_connection(int change) = 0;              // +1 opened, -1 closed
  virtual void on_refused_connection() = 0;
  enum class ConnectionError : unsigned char { malformed, too_large, header_timeout, write_stall, tls };
  virtual void on_connection_error(ConnectionError error) = 0;
  virtual void on_session(int change) = 0;                 // a WebSocket: +1 begun, -1 ended
  virtual void on_begin() = 0;
  virtual void on_end(const Exchange& ex, const Outcome& outcome) = 0;
};

class Server {
 public:
  Server(net::Loop& loop, upstream::Upstreams& upstreams, Observer& observer,
         std::shared_ptr<const Chain> chain, bool tells_decisions);
  ~Server();
  Server(const Server&) = delete;

  // Binds now; throws std::runtime_error that names the address. Accepts after start().
  void listen(const net::Address& address);
  net::Address address() const;
  void start();

  // Where its exchanges are booked; before start(). Without one nothing is limited or booked.
  void set_till(filters::Till& till) { till_ = &till; }

  // Where its exchanges get their tokens; before start().
  void set_tokens(credentials::WorkerTokens& tokens) { tokens_ = &tokens; }

  // From now on requests that are more than its worker can do are refused; before start().
  void refuse_overload();

  void use(std::shared_ptr<const Chain> chain) { chain_ = std::move(chain); }

  // Stops accepting, closes idle connections, lets running exchanges finish and tells their clients
  // that the connection ends.
  void drain();
  bool is_draining() const noexcept { return is_draining_; }
  std::size_t connections() const noexcept { return connections_.size(); }

  // Tells the sessions that are still open to end, properly and at once.
  void end_sessions();
  std::size_t sessions() const noexcept { return sessions_.size(); }

  // Ends what is left.
  void close_all();

 private:
  friend class Connection;
  friend class ClientTunnel;
  bool must_refuse(TimePoint now, bool took_its_turn);
  bool is_in_turn();  // the request whose first bytes come at the moment
  void on_accept(std::unique_ptr<net::TcpStream> tcp);
  void remove_later(Connection& connection);
  void add_session(ClientTunnel& session);
  void remove_session(ClientTunnel& session);

  net::Loop& loop_;
  upstream::Upstreams& upstreams_;
  Observer& observer_;
  filters::Till* till_ = nullptr;
  credentials::WorkerTokens* tokens_ = nullptr;
  std::shared_ptr<const Chain> chain_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::ReadyDelay> delay_;  // null: nothing is refused
  Overload overload_;
  std::vector<ClientTunnel*> sessions_;  // WebSockets, each of one of the connections
  std::list<std::unique_ptr<Connection>> connections_;
  std::list<std::unique_ptr<Connection>> ended_;  // until the loop destroys them
  bool tells_decisions_;
  bool is_draining_ = false;
};

}  // namespace tollgate::server
