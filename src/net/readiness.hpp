// Tells when a socket may be read or written again.
//
// Two implementations behind one interface. On epoll (readiness_epoll.cpp) it is the loop's Poller, which looks
// at edges: a wait costs no system call and no allocation, where Asio's async_wait registers the descriptor
// anew every time (two epoll_ctl a request, 4 % of its cost). On io_uring (readiness_asio.cpp) it is
// async_wait, which is a poll request of the ring; ranks are of no account there.
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

  // Who comes first when many are ready. Room to write always finishes something.
  enum class Rank : unsigned char {
    finishing,  // what comes belongs to work under way: answers of upstreams and name servers
    starting,   // what comes may begin new work: clients
    in_line     // likewise, and never answered out of its turn
  };

  class Listener {
   public:
    virtual void on_ready(For direction) = 0;

   protected:
    ~Listener() = default;
  };

  // Takes over the socket and closes it in the end.
  Readiness(Loop& loop, int socket, bool is_v6, Listener& listener, Rank rank);
  ~Readiness();
  Readiness(const Readiness&) = delete;

  // on_ready(direction) will be called once, from the event loop; it may be called without need.
  // Nothing happens when that is so already.
  void arm(For direction);

  // From the next answer on.
  void set_rank(Rank rank);

  // Whether something may have happened that was not answered yet. On io_uring that is not known: true.
  bool has_news() const noexcept;

  // Whether reads may get less than they ask for although there is more: an end or an error behind the bytes, or an
  // urgent byte among them, has been told of, and of that nothing more will be told. One that comes later is news. On
  // io_uring each wait is told of all anew: false.
  bool reads_stop_short() const noexcept;

  // As if something had happened to what can be read. The answer comes from the event loop, never from inside this call.
  void notice();

  // Closes the socket; the listener is not called any more.
  void close();

  // Makes what the sockets of a loop need. Throws std::system_error if there is no descriptor left.
  static void prepare(Loop& loop);

  // While there is more to start than time for it: so many of those that come next are answered out of their order,
  // the latest first, to be turned away before they have waited. Instead of what the last call said.
  static void answer_latest(Loop& loop, int count);

  // To be called now and then by whoever keeps the loop's thread: answers those of the latest that may be now.
  static void look_for_latest(Loop& loop);

  // Whether somebody is answered who may start something and has waited his turn. On io_uring, whose order is not
  // ours, nobody has.
  static bool is_in_turn(Loop& loop);

 private:
  struct Core;
  Core* core_;
};

}  // namespace tollgate::net
