// Tells when a socket may be read or written again, through Asio's reactor.
//
// Two implementations behind one interface. On epoll (readiness_epoll.cpp) the reactor's own
// edge-triggered operations are used: a wait costs no system call and no allocation, where
// async_wait re-registers the descriptor every time (two epoll_ctl a request, 4 % of its cost). On
// io_uring (readiness_asio.cpp) it is async_wait, which is a poll request of the ring.
//
// Edges: a call of arm() is answered when something has happened since the last answer, so who was
// answered reads until the socket is drained before arming again. TcpStream keeps account of that.
// One thread: the worker's.
#pragma once

namespace tollgate::net {

class Loop;

class Readiness {
 public:
  enum class For : unsigned char { read, write };

  class Listener {
   public:
    virtual void on_ready(For direction) = 0;

   protected:
    ~Listener() = default;
  };

  // Takes over the socket and closes it in the end.
  Readiness(Loop& loop, int socket, bool is_v6, Listener& listener);
  ~Readiness();
  Readiness(const Readiness&) = delete;

  // on_ready(direction) will be called once, from the event loop; it may be called without need.
  // Nothing happens when that is so already.
  void arm(For direction);

  // Closes the socket; the listener is not called any more.
  void close();

 private:
  struct Core;  // outlives this object while the reactor holds an operation
  Core* core_;
};

}  // namespace tollgate::net
