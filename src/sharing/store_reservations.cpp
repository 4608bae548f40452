// Reservations of a Store: sent, answered, too late or in vain.
#include "sharing/scripts.hpp"
#include "sharing/store.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::sharing {

// This Redis cannot keep pots at all, or not now; another may answer to the same name.
bool Store::is_unfit(const Reply& error) {
  for (const auto* word : {"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "NOAUTH", "NOPERM"}) {
    if (error.is_error_of(word)) return true;
  }
  return !error.is_error();  // not our scripts' answer either
}

std::unique_ptr<Reservation> Store::made_of(std::vector<Booking> bookings) {
  const auto not_after =
      is_clock_known_ ? now_ms(Clock::now()) + 2 * config_.timeout.count() : 0;
  Words words = reserve_words(caller_, bookings, 0, not_after);
  Reservation::Keeper& keeper = *this;
  return std::make_unique<Reservation>(keeper, std::move(bookings), std::move(words));
}

void Store::reserve(std::vector<Booking> bookings, Waiter& waiter) {
  auto reservation = made_of(std::move(bookings));
  waiter.wait_for(reservation->ticket);
  if (is_up()) {
    send(std::move(reservation));
  } else {
    waiting_.push_back(std::move(reservation));
  }
}

void Store::refill(Booking booking) {
  numbers_.lease_refills.add();
  std::vector<Booking> bookings;
  bookings.push_back(std::move(booking));
  auto reservation = made_of(std::move(bookings));
  reservation->is_refill = true;
  send(std::move(reservation));
}

void Store::ask(const Words& words, std::unique_ptr<RedisLink::Request> request) {
  if (is_up() && link_.is_open()) link_.send(words, std::move(request));
}

void Store::send(std::unique_ptr<Reservation> reservation) {
  if (!link_.is_open()) return;  // being lost: its end ends the waiter
  auto& words = reservation->words;
  words[0] = reservation->is_with_text ? "EVAL" : "EVALSHA";
  words[1] = reservation->is_with_text ? std::string(reserve_script) : reserve_sha_;
  if (!reservation->is_with_text) reservation->sent = Clock::now();
  link_.send(words, std::move(reservation));
}

void Store::on_reply(Reservation& reservation, const Reply& reply) {
  const auto now = Clock::now();
  auto& ticket = reservation.ticket;
  auto reserved = read_reserved(reply, ticket.bookings.size());
  if (!reserved) {
    if (reply.is_error_of("NOSCRIPT") && !reservation.is_with_text) {
      if (!ticket.waiter && !reservation.is_refill) return;
      numbers_.scripts_sent.add();
      auto again = made_of(ticket.bookings);
      again->is_with_text = true;
      again->is_refill = reservation.is_refill;
      again->sent = reservation.sent;
      if (Waiter* waiter = ticket.waiter) {
        waiter->detach();
        waiter->wait_for(again->ticket);
      }
      return send(std::move(again));
    }
    numbers_.errors.add();
    if (is_unfit(reply)) link_.drop("Redis: " + reply.text);
    return;
  }
  note_clock(reserved->now_ms, now);
  const bool is_granted = reserved->result == Reserved::Result::granted;
  if (is_granted && !ticket.waiter && !reservation.is_refill) {
    numbers_.late.add();
    for (std::size_t i = 0; i < ticket.bookings.size(); ++i) {
      const auto& b = ticket.bookings[i];
      const auto slot = slot_of(b.kind, b.window_ms, b.period_start_ms, reserved->now_ms);
      settlements_.undo(b.key, b.kind, b.window_ms, slot, reserved->parts[i].given);
    }
    return tell_settlements();
  }
  if (is_granted) {
    for (std::size_t i = 0; i < ticket.bookings.size(); ++i) {
      const auto& b = ticket.bookings[i];
      if (b.kind == PotKind::held) settlements_.note_held(b.key, reserved->parts[i].given, now);
    }
  }
  if (reservation.is_refill) return client_.on_refill(ticket.bookings.front(), *reserved);
  if (!ticket.waiter) return;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - reservation.sent).count();
  numbers_.round_trips.add();
  numbers_.round_trip_us.add(took);
  numbers_.round_trip_us_max.set(std::max<std::int64_t>(took, numbers_.round_trip_us_max.get()));
  if (reserved->result != Reserved::Result::too_late) ticket.waiter->reserved = std::move(reserved);
  ticket.waiter->end();
}

void Store::on_lost() { numbers_.fate_unknown.add(); }

}  // namespace tollgate::sharing
