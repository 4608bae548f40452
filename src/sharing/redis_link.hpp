// One connection to Redis that is made again whenever it is lost; requests are pipelined on it.
//
// Commands of one turn of the loop leave in one write. Replies come in the order of the commands; a
// connection whose oldest command stays without one for too long is given up.
// One thread: the worker's. The owner outlives it; its calls come from the event loop.
#pragma once

#include "base/branch.hpp"
#include "net/egress.hpp"
#include "net/loop.hpp"
#include "sharing/backoff.hpp"
#include "sharing/redis_address.hpp"
#include "sharing/resp.hpp"
#include "tollgate/byte_stream.hpp"

#include <deque>
#include <memory>
#include <random>
#include <span>
#include <string>

namespace tollgate::net {
class TlsClientContext;
}

namespace tollgate::sharing {

class RedisLink {
 public:
  class Request {
   public:
    virtual ~Request() = default;
    virtual void answered(const Reply& reply) = 0;
    virtual void lost() = 0;  // the connection broke; Redis may or may not have carried it out
  };
  class Owner {
   public:
    virtual void on_connected() = 0;                    // commands may be sent; then ready() or drop()
    virtual void on_gone(const std::string& why) = 0;   // connection lost, or an attempt failed
   protected:
    ~Owner() = default;
  };

  // `silence`: how long the oldest command may stay unanswered.
  RedisLink(net::Loop& loop, net::Egress egress, RedisAddress address,
            std::shared_ptr<net::TlsClientContext> tls, std::chrono::milliseconds silence, Owner& owner);
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;

  void start();
  void close();  // for good; requests under way are forgotten

  bool is_open() const noexcept { return stream_ != nullptr && !is_dropping_; }
  // Drops a connection that the network's rules, which may have changed, do not allow any more.
  void check_rules();
  // The connection has proved itself: the next loss is a first failure.
  void ready() noexcept { backoff_.reset(); }
  // Gives the connection up and makes a new one, after a pause. May be called from anywhere; takes
  // effect from the event loop.
  void drop(std::string why);

  // REQUIRES: is_open().
  void send(std::span<const std::string> words, std::unique_ptr<Request> request);

  std::size_t unanswered() const noexcept { return sent_.size(); }
  // When the oldest command without a reply was sent; no_deadline when there is none.
  TimePoint oldest_sent() const noexcept { return sent_.empty() ? no_deadline : sent_.front().at; }

 private:
  struct Sent {
    std::unique_ptr<Request> request;
    TimePoint at;
  };

  void live_after(std::chrono::milliseconds pause);
  awaitable<void> live(std::chrono::milliseconds pause);
  awaitable<std::string> read_replies();
  std::string take_replies(std::string_view bytes);
  void flush();
  awaitable<void> write_rest();
  void post(void (RedisLink::*what)());
  void end_connection();

  net::Loop& loop_;
  const net::Egress egress_;
  const RedisAddress address_;
  const std::shared_ptr<net::TlsClientContext> tls_;
  const std::chrono::milliseconds silence_;
  Owner& owner_;
  Backoff backoff_;
  std::mt19937_64 random_;

  std::unique_ptr<ByteStream> stream_;
  net::Address peer_;  // of the stream
  std::unique_ptr<ReplyReader> reader_;
  std::deque<Sent> sent_;
  std::string out_;
  std::string why_;
  bool is_flush_posted_ = false;
  bool is_writing_ = false;
  bool is_dropping_ = false;
  bool is_closed_ = false;

  std::shared_ptr<int> alive_ = std::make_shared<int>();  // posted calls look whether it still is
  std::coroutine_handle<> nobody_;
  base::Result<void> reading_result_;
  base::Result<void> writing_result_;
  base::Branch writing_;
  base::Branch reading_;
};

}  // namespace tollgate::sharing
