// A reservation on its way to Redis.
#pragma once

#include "sharing/commands.hpp"
#include "sharing/redis_link.hpp"
#include "sharing/waiter.hpp"

#include <utility>
#include <vector>

namespace tollgate::sharing {

class Reservation final : public RedisLink::Request {
 public:
  class Keeper {
   public:
    virtual void on_reply(Reservation& reservation, const Reply& reply) = 0;
    virtual void on_lost() = 0;

   protected:
    ~Keeper() = default;
  };

  Reservation(Keeper& keeper, std::vector<Booking> bookings, Words call)
      : words(std::move(call)), keeper_(keeper) {
    ticket.bookings = std::move(bookings);
  }
  ~Reservation() override {
    if (ticket.waiter) ticket.waiter->end();  // nobody will answer any more
  }
  void answered(const Reply& reply) override { keeper_.on_reply(*this, reply); }
  void lost() override { keeper_.on_lost(); }

  Ticket ticket;
  Words words;
  TimePoint sent{};
  bool is_refill = false;     // of a lease; nobody waits
  bool is_with_text = false;  // of the script, which Redis had forgotten

 private:
  Keeper& keeper_;
};

}  // namespace tollgate::sharing
