// The sockets of one loop, in an epoll of their own: who is ready is answered in our order, not the kernel's.
//
// A turn looks at the sockets, answers all that finish what is under way, then a bounded number of those
// that may begin something (Readiness::Rank), and so on as long as anybody is ready. In the kernel's order an answer
// waits behind every request that came before it, so with a thousand busy clients a thousand requests are under
// way, and whatever one of them needs has left the core's caches when its turn comes.
//
// One thread: the loop's.
#pragma once

#include "net/readiness.hpp"

#include <memory>

namespace tollgate::net {

class Loop;

class Poller {
 public:
  // The loop's, which lives as long as it.
  static Poller& of(Loop& loop);

  // A socket. It is linked while an answer is due.
  struct Watched {
    Watched* next = nullptr;
    Watched* previous = nullptr;
    Readiness::Listener* listener = nullptr;  // null: nobody is answered any more
    int socket = -1;
    Readiness::Rank rank{};
    // Bits, one a direction:
    unsigned char armed = 0;
    unsigned char edges = 0;  // something happened that nobody has been told
    unsigned char due = 0;    // to be answered
    bool watches_writing = false;
    bool stops_short = false;  // Readiness::reads_stop_short()
  };

  Poller(const Poller&) = delete;
  ~Poller();

  void add(Watched& watched) noexcept;
  void arm(Watched& watched, Readiness::For direction);
  void notice(Watched& watched);
  void remove(Watched& watched) noexcept;  // also while it is answered; before its socket is closed
  static bool has_news(const Watched& watched) noexcept;

  // Readiness::answer_latest() and is_in_turn().
  void set_latest(int count) noexcept { latest_ = count; }
  bool is_in_turn() const noexcept { return is_in_turn_; }

  // Readiness::look_for_latest().
  void look_for_latest();

 private:
  struct Service;  // by which Asio's context owns it
  struct Outside;  // what watches the epoll

  explicit Poller(Service& service);

  // Watched, in the order in which they are to be answered.
  class Queue {
   public:
    Queue() { ends_.next = ends_.previous = &ends_; }
    bool is_empty() const noexcept { return ends_.next == &ends_; }
    Watched& first() noexcept { return *ends_.next; }
    Watched* last_that_may_jump() noexcept;  // null: none
    void add(Watched& watched) noexcept;
    void take_all_of(Queue& other) noexcept;

   private:
    Watched ends_;
  };

  void go_on_later();
  void turn();
  void answer_latest();
  void look();
  void note(Watched& watched, unsigned events);
  void happened(Watched& watched, unsigned char directions) noexcept;
  void queue(Watched& watched) noexcept;
  void answer(Watched& watched);

  int epoll_;
  std::unique_ptr<Outside> outside_;
  Queue finishing_, starting_;
  Queue now_;  // of those that finish something, who is answered in this turn
  int came_ = 0;  // of those that may start something, since the sockets were looked at
  int latest_ = 0;
  bool may_be_more_ = false;  // who is ready, than the last look has found
  bool is_in_turn_ = false;
  Watched* answered_ = nullptr;  // in answer(), unless it has been removed
  bool is_due_ = false;          // a turn has been posted
};

}  // namespace tollgate::net
