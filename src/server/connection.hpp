// One client's connection: reads requests one after the other, has each handled, and tells the
// observer. Pipelined requests wait until the answer before theirs has been written.
// One thread: the worker's.
#pragma once

#include "base/branch.hpp"
#include "base/cancellable.hpp"
#include "http/head.hpp"
#include "server/client_body.hpp"
#include "server/request_text.hpp"
#include "server/server.hpp"

#include <list>
#include <memory>
#include <string>

namespace tollgate::server {

class Connection {
 public:
  Connection(Server& server, std::unique_ptr<net::TcpStream> tcp);
  ~Connection();
  Connection(const Connection&) = delete;

  void start();
  bool is_idle() const noexcept { return is_idle_; }  // between requests, nothing read of the next

  std::list<std::unique_ptr<Connection>>::iterator self;

 private:
  enum class HeadRead : unsigned char { ok, closed, refused };

  awaitable<void> serve();
  awaitable<bool> shake_hands(TimePoint deadline);
  awaitable<HeadRead> read_head();
  awaitable<bool> serve_one();
  awaitable<bool> skip_rest(ClientBody& body);
  awaitable<Outcome> refuse_overload(Exchange& ex, ResponseSink& out);
  awaitable<Outcome> tell_failure(Exchange& ex, ResponseSink& out);
  awaitable<void> refuse(ErrorKind kind, std::string message);
  awaitable<void> refuse_malformed(http::HeadError problem, std::string_view why);
  static awaitable<void> tell(ResponseSink& out, ErrorKind kind, std::string message);
  awaitable<void> linger();
  bool take_head();
  void watch_client();

  Server& server_;
  std::unique_ptr<ByteStream> stream_;
  std::string client_address_;
  std::unique_ptr<const ClientCertificate> certificate_;
  Inbox inbox_;
  RequestText head_;          // of the request being read or served
  std::size_t searched_ = 0;  // of its bytes, for their end
  TimePoint first_byte_{};
  TimePoint head_end_{};      // the first byte may have come long before
  std::shared_ptr<const Chain> chain_;
  base::Cancellable<Outcome>* work_ = nullptr;  // what a client that leaves cancels
  bool is_idle_ = false;
  bool took_its_turn_ = false;  // the request waited as long as others did
  bool must_linger_ = false;
  base::Result<void> result_;
  std::coroutine_handle<> nobody_;
  base::Branch branch_;
};

}  // namespace tollgate::server
