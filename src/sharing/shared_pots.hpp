// Spending pots that several gateways share through one Redis: docs/sharing.md.
//
// Exact mode: each reservation is one script call in Redis, one round trip on the path. Leased mode:
// amounts are booked in Redis beforehand and spent here without waiting. In both, what has been
// granted is booked in Redis first, so the limit holds over all gateways; a lease that lies idle here
// is what others cannot have. While Redis cannot be asked, each limit's `when_unshared` decides.
//
// One thread: the worker's, one object and one connection each; numbers(), lease_bound(),
// is_connected() and why_not() from any thread.
#pragma once

#include "sharing/ask.hpp"
#include "sharing/numbers.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/clock.hpp"

#include <memory>
#include <span>
#include <string>

namespace tollgate::net {
class Loop;
class Perimeter;
}

namespace tollgate::sharing {

class SharedNotes;

class SharedPots {
 public:
  // Starts to connect at once. `replica` names this gateway in Redis for people; it need not be
  // unique. Throws std::runtime_error when `config.redis` is not a redis:// or rediss:// address or
  // `ca_file` cannot be used.
  SharedPots(net::Loop& loop, net::Perimeter& perimeter, const SharingConfig& config,
             const std::string& replica);
  ~SharedPots();  // leases and settlements not yet told are lost: close() first
  SharedPots(const SharedPots&) = delete;

  // Takes room in all pots or in none. `asks` (32 at most) and their keys live until it ends. Ready
  // at once when leases suffice or the store is known to be away; never waits longer than
  // `config.timeout`. `now_ms` is the caller's wall clock; it decides only until the store's is known.
  // Cancelled by being destroyed: what is granted later is given back.
  awaitable<Verdict> reserve(std::span<Ask> asks, std::int64_t now_ms);

  // Settles: books `delta` (negative: gives back) in the slot that the reservation went into. Never
  // waits. Kept while the store is away, added up per pot and slot; counted when the queue is full.
  void adjust(std::string_view key, PotKind kind, std::int64_t slot_ms, std::int64_t window_ms,
              std::int64_t delta);

  // Gives back what is leased and held, tells all settlements, then disconnects; whatever is not told
  // by `deadline` is lost. No reserve() or adjust() after it.
  awaitable<void> close(TimePoint deadline);

  // What else gateways tell each other, on the same connection.
  SharedNotes& notes() noexcept;

  const Numbers& numbers() const noexcept;
  // What all gateways together may hold leased of a pot of this limit: idle there, and what is
  // overspent at most when Redis forgets. 0 in exact mode.
  std::int64_t lease_bound(std::int64_t limit) const noexcept;
  bool is_connected() const noexcept;
  std::string why_not() const;  // for people; "" when connected

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::sharing
