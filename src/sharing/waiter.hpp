// A reservation that waits for Redis, and the request that it waits for.
//
// Either may end first: the waiter by its deadline or by being cancelled, the request by a reply or a
// lost connection. What Redis grants to a request whose waiter has gone is given back.
// One thread: the worker's.
#pragma once

#include "net/loop.hpp"
#include "sharing/commands.hpp"

#include <coroutine>
#include <memory>
#include <optional>
#include <vector>

namespace tollgate::sharing {

class Waiter;

// Resumes waiters from the event loop: never inside the reading of replies, which a resumed request
// might want to send on. A waiter that is destroyed before its turn is passed over.
class WakeList {
 public:
  explicit WakeList(net::Loop& loop) : loop_(loop) {}
  void add(Waiter& waiter);
  void remove(const Waiter& waiter) noexcept;

 private:
  void wake_all();

  net::Loop& loop_;
  std::vector<Waiter*> waiting_;
  bool is_posted_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

// What connects the two; owned by the request.
struct Ticket {
  Waiter* waiter = nullptr;  // null: nobody waits any more
  std::vector<Booking> bookings;
};

class Waiter : private Timer {
 public:
  Waiter(net::Loop& loop, WakeList& wakes, TimePoint deadline);
  Waiter(const Waiter&) = delete;
  ~Waiter();

  bool await_ready() const noexcept { return is_over_; }
  void await_suspend(std::coroutine_handle<> caller);
  void await_resume() const noexcept {}

  // nullopt after the wait: no answer in time, or none that is of use.
  std::optional<Reserved> reserved;

  void wait_for(Ticket& ticket) noexcept {
    ticket_ = &ticket;
    ticket.waiter = this;
  }
  void detach() noexcept;  // from the ticket
  void end();              // the answer is there, or there will be none

 private:
  friend class WakeList;
  net::Loop& loop_;
  WakeList& wakes_;
  Ticket* ticket_ = nullptr;
  std::coroutine_handle<> caller_;
  bool is_over_ = false;
  bool is_listed_ = false;
};

}  // namespace tollgate::sharing
