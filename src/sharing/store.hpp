// Redis as the pots see it: whether it can be asked, its clock, reservations, settlements, signs of life.
//
// After a connection comes back, everything that was kept is told in bounded batches before the first
// reservation goes out; the reservations then share one pipelined connection, so there is no herd.
// One thread: the worker's; `numbers` and why_not() from any.
#pragma once

#include "sharing/commands.hpp"
#include "sharing/numbers.hpp"
#include "sharing/redis_link.hpp"
#include "sharing/reservation.hpp"
#include "sharing/settlements.hpp"
#include "sharing/waiter.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace tollgate::sharing {

// How long a reservation waits. The timer wheel is late by up to a tick, the timeout is not.
inline std::chrono::milliseconds patience(std::chrono::milliseconds timeout) {
  return timeout - std::min<std::chrono::milliseconds>(timeout / 2, net::TimerWheel::tick);
}

class Store final : private RedisLink::Owner, private Reservation::Keeper, private Timer {
 public:
  class Client {
   public:
    virtual void on_up() = 0;
    virtual void on_refill(const Booking& booking, const Reserved& reserved) = 0;
    virtual void on_tick(TimePoint now) = 0;  // every second

   protected:
    ~Client() = default;
  };

  Store(net::Loop& loop, net::Perimeter& perimeter, const SharingConfig& config,
        const std::string& replica, Numbers& numbers, Client& client);
  ~Store();

  void start();
  void sign_off();  // the others need not wait for this gateway's sign of life to grow old
  void stop();      // disconnects; what is not told yet is lost

  bool is_up() const noexcept { return phase_ == Phase::up; }
  // False: a reservation need not be tried. Redis is away, or does not answer at the moment.
  bool may_answer(TimePoint now) const noexcept;
  bool is_idle() const noexcept;  // everything is told and answered

  // Redis's wall clock, as far as it is known; else the last hint's.
  std::int64_t now_ms(TimePoint now) noexcept;
  void hint_now(std::int64_t now_ms, TimePoint now) noexcept;

  // REQUIRES: may_answer(). The waiter ends with the answer, or without one.
  void reserve(std::vector<Booking> bookings, Waiter& waiter);
  void refill(Booking booking);  // REQUIRES: is_up()

  // A command that has nothing to do with pots. Without a connection the request ends unanswered.
  void ask(const Words& words, std::unique_ptr<RedisLink::Request> request);

  Settlements& settlements() noexcept { return settlements_; }
  void tell_settlements();  // after any change of them

  std::string why_not() const;

 private:
  enum class Phase : unsigned char { away, greeting, catching_up, up };

  void on_connected() override;
  void on_gone(const std::string& why) override;
  void on_tick();
  void greeted(const Reply& reply);
  void came_up();
  void beat(bool is_leaving);
  void send_batch();
  void batch_answered(const Reply& reply);
  std::unique_ptr<Reservation> made_of(std::vector<Booking> bookings);
  void send(std::unique_ptr<Reservation> reservation);
  void on_reply(Reservation& reservation, const Reply& reply) override;
  void on_lost() override;
  bool is_unfit(const Reply& error);
  void note_clock(std::int64_t redis_ms, TimePoint now) noexcept;
  void call(Words words, std::function<void(const Reply&)> on_reply);
  void set_why_not(const std::string& why);

  net::Loop& loop_;
  const SharingConfig config_;
  const RedisAddress address_;
  const Caller caller_;
  Numbers& numbers_;
  Client& client_;
  Settlements settlements_;

  Phase phase_ = Phase::away;
  TimePoint hopeful_until_;  // while away: the connection may be there in a moment
  std::string reserve_sha_;
  std::string adjust_sha_;
  std::deque<std::unique_ptr<Reservation>> waiting_;  // for the connection

  std::vector<Settlement> batch_;  // sent or to be sent again, under batch_number_
  std::int64_t batch_number_ = 0;
  bool is_batch_sent_ = false;

  bool is_clock_known_ = false;
  std::int64_t clock_offset_ms_ = 0;  // Redis's wall clock minus our steady clock
  std::int64_t latest_ms_ = 0;
  TimePoint last_beat_{};

  mutable std::mutex why_mutex_;
  std::string why_not_ = "not connected yet";

  RedisLink link_;
};

}  // namespace tollgate::sharing
