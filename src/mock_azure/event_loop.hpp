// One thread's epoll loop: accepts, dispatches readiness, fires timers.
#pragma once

#include <atomic>
#include <memory>
#include <queue>
#include <vector>

#include <sys/epoll.h>

#include "mock_azure/connection.hpp"

namespace tollgate::mock {

// Thread safety: `run` and everything it calls stay on one thread; `stop` may come from any.
class EventLoop : private ConnectionHost {
 public:
  EventLoop(int listener, SSL_CTX* tls, Handler& handler, std::size_t body_limit);
  ~EventLoop() override;

  void run();
  void stop();

 private:
  struct Timer {
    TimePoint due;
    int fd;
    std::uint64_t generation;
    bool operator<(const Timer& other) const { return due > other.due; }
  };
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::uint64_t generation = 0;  // a descriptor's number comes back; its generation does not
  };

  void watch(Connection& connection, bool reads, bool writes) override;
  void wake_at(Connection& connection, TimePoint when) override;
  void remove(Connection& connection) override;

  void accept_all();
  void fire_timers();
  int wait_for_events();

  int listener_;
  int epoll_;
  int stop_event_;
  SSL_CTX* tls_;
  Handler& handler_;
  std::size_t body_limit_;
  std::atomic<bool> stopping_{false};
  bool has_precise_wait_ = true;
  std::vector<Slot> slots_;  // by descriptor
  std::vector<std::unique_ptr<Connection>> removed_;
  std::priority_queue<Timer> timers_;
  std::vector<epoll_event> ready_;
};

}  // namespace tollgate::mock
