// What sharing counts, for metrics. Written by one worker, read by any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace tollgate::sharing {

class Number {
 public:
  void add(std::int64_t n = 1) noexcept { set(get() + n); }
  void set(std::int64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  std::int64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

struct Numbers {
  Number is_connected;  // 0 or 1
  Number gateways;      // workers of all gateways that were alive lately, this one included

  Number round_trips;       // reservations that Redis answered in time
  Number round_trip_us;     // their sum
  Number round_trip_us_max;
  Number from_lease;        // reservations answered by leases alone
  Number lease_refills;     // asked for in the background

  Number timeouts;      // reservations that Redis did not answer in time
  Number late;          // of those, granted late by Redis and given back
  Number fate_unknown;  // sent when the connection broke: may stay booked
  Number errors;        // error replies: LOADING, READONLY, OOM, ...
  Number scripts_sent;  // again, because Redis had forgotten them
  Number connects;
  Number connect_failures;
  Number connection_losses;

  // Reservations decided by `when_unshared`.
  Number closed_refused;
  Number open_granted;
  Number open_refused;  // this gateway alone was over the limit
  Number last_lease_granted;
  Number last_lease_refused;

  Number adjustments_queued;   // now: pots and slots with something to tell
  Number adjustments_dropped;  // the queue was full
};

}  // namespace tollgate::sharing
