// One client connection: reads requests, asks the handler, sends the reply at its pace.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "mock_azure/http_request.hpp"
#include "mock_azure/reply.hpp"
#include "mock_azure/reply_writer.hpp"
#include "mock_azure/talk.hpp"
#include "mock_azure/transport.hpp"

namespace tollgate::mock {

class Connection;
using TimePoint = std::chrono::steady_clock::time_point;

// What a connection needs from its event loop. All calls come from the loop's own thread.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual void watch(Connection& connection, bool reads, bool writes) = 0;
  virtual void wake_at(Connection& connection, TimePoint when) = 0;
  virtual void remove(Connection& connection) = 0;  // deletes later, never inside the call
};

// Answers one request at a time; pipelined ones wait in the reader. Not thread-safe: it lives and
// dies on one loop.
class Connection {
 public:
  Connection(int fd, SSL_CTX* context, ConnectionHost& host, Handler& handler,
             std::size_t body_limit);

  int fd() const { return transport_.fd(); }
  void on_readable();
  void on_writable();
  void on_wake(TimePoint due);

 private:
  enum class Phase { reading, waiting, sending, talking, draining, stalled, lingering, dead };

  void pump();
  void begin(Reply reply, bool keep_alive);
  void step();
  void produce_events();
  void produce_pings();
  void produce_body();
  void start_talk();
  void talk();
  bool fault_is_due();  // true when the fault ended or stopped the reply
  void emit(EventSource::Event& event);
  void end_body();
  void complete();
  void flush();
  void update_watch();
  void sleep_until(TimePoint when);
  void close_softly();
  void die(End end);

  std::size_t unsent() const { return out_.size() - sent_; }

  ConnectionHost& host_;
  Handler& handler_;
  Transport transport_;
  RequestReader reader_;

  Phase phase_ = Phase::reading;
  bool keep_alive_ = true;
  bool early_checked_ = false;
  bool continue_sent_ = false;
  bool head_only_ = false;

  Reply reply_;
  std::optional<Talk> talk_;
  bool answering_ = false;
  bool head_made_ = false;
  Framing framing_ = Framing::length;
  EventSource::Event event_;
  bool has_event_ = false;
  std::int64_t events_sent_ = 0;
  std::int64_t tokens_sent_ = 0;
  TimePoint due_{};      // when the next paced event may leave
  TimePoint wake_at_{};  // the one timer that counts

  std::string out_;
  std::string scratch_;
  std::size_t sent_ = 0;
  std::size_t drip_ = 0;  // bytes in one send; 0: as many as possible
  std::chrono::microseconds drip_gap_{0};
  bool write_blocked_ = false;
  bool watches_reads_ = true;
  bool watches_writes_ = false;
};

}  // namespace tollgate::mock
