// Reserve before the call, settle after it: over every limit and budget that applies, at once.
//
// A request is let in only if what it is expected to take fits into all of its pots, and it is booked
// into all of them in one step that no other thread sees the middle of. What it did not take is given
// back when it settles, whichever way it ended; a Reservation that is destroyed unsettled gives all
// of it back. So the sum of what was settled and what is reserved never passes a limit, except where
// the provider reports more than was reserved (settle() then books the truth and says how much).
//
// Pure: the time is given. Thread safety: a Reservation belongs to one exchange; the pots are shared.
#pragma once

#include "limits/store.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tollgate::limits {

// What a request asks for. Token pots take prompt + answer, money pots the price of both.
struct Need {
  std::int64_t prompt_tokens = 0;
  std::int64_t answer_least = 0;  // least <= modest <= wish; without room for these it is refused
  std::int64_t answer_modest = 0;  // granted as long as there is room at all
  std::int64_t answer_wish = 0;   // granted while it is no more than an eighth of what is left
  std::int64_t prompt_cost = 0;   // nano-dollars
  std::int64_t answer_rate = 0;   // pico-dollars a token
};

// One pot that a request has to fit into.
struct Claim {
  PotRef named;               // keeps a named pot; empty for a fixed one
  Pot* pot = nullptr;
  const SpendRule* rule = nullptr;
  RuleNumbers* numbers = nullptr;
  bool is_enforced = true;    // false: only counted here; audited, or enforced elsewhere
};

struct Refusal {
  const SpendRule* rule = nullptr;  // null: not refused
  RuleNumbers* numbers = nullptr;   // the rule's
  std::int64_t wait_ms = 0;      // until it fits if nobody else comes; -1: never
  std::int64_t used = -1;        // in the pot, reservations included; -1: not known
  bool is_unshared = false;      // the store that the pot is shared through could not be asked
};

// What was really used, for settling.
struct Spent {
  bool is_request = true;    // false: it never reached an upstream, so it does not count as a call
  std::int64_t tokens = 0;
  std::int64_t cost = 0;     // nano-dollars
};

// An alert that a settlement set off, with the pot as it was then.
struct AlertReached {
  int percent = 0;  // 0: none
  std::int64_t used = 0;
  std::int64_t limit = 0;
};

// What a pot says to the caller, as of the reservation.
struct Level {
  std::int64_t limit = -1;  // -1: there is no such limit
  std::int64_t remaining = 0;
  std::int64_t reset_ms = 0;
};

class Reservation {
 public:
  Reservation() = default;
  Reservation(const Reservation&) = delete;
  Reservation(Reservation&&) = default;  // once it is settled
  ~Reservation();

  // The pots of one request; before reserve().
  void expect(std::size_t claims) { entries_.reserve(claims); }
  void add(Claim claim);
  bool is_empty() const noexcept { return entries_.empty(); }

  // From now on the pots of `rule` only count. Before reserve().
  void stop_enforcing(const SpendRule& rule) noexcept;

  // All or nothing. May be called again after a refusal.
  Refusal reserve(const Need& need, std::int64_t now_ms);
  bool is_held() const noexcept { return is_held_; }

  // Answer tokens that were granted in all. With `is_capped` no more may be delivered unless top_up
  // grants them; otherwise no pot that is met under way ends an answer.
  std::int64_t granted_answer() const noexcept { return granted_; }
  bool is_capped() const noexcept { return is_capped_; }

  // Calls `see(pot, slot_ms, amount)` for all that is booked now.
  template <class See>
  void each_held(See&& see) {
    for (Entry& entry : entries_) {
      entry.each_lot([&](const Lot& lot) { see(*entry.claim.pot, lot.slot_ms, lot.amount); });
    }
  }

  // More answer tokens, up to `wish`: how many were granted, 0 if a pot is spent. Rules that let an
  // answer finish grant all.
  std::int64_t top_up(std::int64_t wish, std::int64_t now_ms);

  // Gives back what is booked of tokens and money: there is room, and others will book it.
  void release_spending() noexcept;

  // A budget among the pots that has nothing left; no rule: there is none.
  Refusal spent_budget(std::int64_t now_ms);

  // Books what was used. `on_booked(pot, rule, slot_ms, amount)` hears of each amount that stays, for
  // the ledger, and `on_alert(pot, rule, AlertReached)` of each alert that it set off. At most once.
  template <class OnBooked, class OnAlert>
  void settle(const Spent& spent, std::int64_t now_ms, OnBooked&& on_booked, OnAlert&& on_alert) {
    is_held_ = false;
    for (Entry& entry : entries_) {
      const AlertReached alert = settle_one(entry, spent, now_ms);
      entry.each_lot([&](const Lot& lot) {
        if (lot.amount != 0) on_booked(*entry.claim.pot, *entry.claim.rule, lot.slot_ms, lot.amount);
      });
      if (alert.percent > 0) on_alert(*entry.claim.pot, *entry.claim.rule, alert);
    }
  }

  // After settle(), when it turns out what was really used: books that instead, and `on_changed(pot, slot_ms,
  // amount)` hears of what is taken out and what is put in. Rules may be gone by now; alerts are told by the
  // next that settles.
  template <class OnChanged>
  void correct(const Spent& spent, std::int64_t now_ms, OnChanged&& on_changed) {
    for (Entry& entry : entries_) {
      entry.each_lot([&](const Lot& lot) { on_changed(*entry.claim.pot, lot.slot_ms, -lot.amount); });
      entry.claim.pot->lock();
      rebook(entry, spent, now_ms, Known::later);
      entry.claim.pot->unlock();
      entry.each_lot([&](const Lot& lot) { on_changed(*entry.claim.pot, lot.slot_ms, lot.amount); });
    }
  }

  // The tightest limits (not budgets), worked out by reserve().
  const Level& requests() const noexcept { return requests_; }
  const Level& tokens() const noexcept { return tokens_; }

 private:
  struct Lot {
    std::int64_t slot_ms = 0;
    std::int64_t amount = 0;
  };
  struct Entry {
    Claim claim;
    Lot first;              // what was booked for this request at the start
    std::vector<Lot> more;  // what topped it up since, a lot for each slot
    template <class See>
    void each_lot(See&& see) {
      see(first);
      for (Lot& lot : more) see(lot);
    }
  };

  void lock_all() noexcept;
  void unlock_all() noexcept;
  void take(std::int64_t answer) noexcept;
  void note_level(const Pot& pot) noexcept;
  static AlertReached settle_one(Entry& entry, const Spent& spent, std::int64_t now_ms);
  // Where more was used than was booked: when it is known to be so at once, or a while later.
  enum class Known : unsigned char { now, later };
  static void rebook(Entry& entry, const Spent& spent, std::int64_t now_ms, Known known);

  std::vector<Entry> entries_;  // in the order of their pots' addresses
  Need need_;
  std::int64_t granted_ = 0;
  bool is_held_ = false;
  bool is_capped_ = false;
  Level requests_, tokens_;
};

}  // namespace tollgate::limits
