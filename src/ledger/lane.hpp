// One worker's charges on their way to the writer.
//
// append() copies into a buffer under a lock that is shared with the writer's swap alone: no
// allocation once the buffers have grown, no system call unless the writer sleeps. Charges that differ in
// their amounts alone are added up here (unless they close intents, and as far as the lane remembers one like
// them): what many calls of a few callers take, in memory and of the writer's time, does not grow with the calls.
// Thread safety: one worker, except take().
#pragma once

#include "ledger/charge.hpp"
#include "ledger/entry.hpp"
#include "ledger/ledger.hpp"
#include "ledger/slots.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace tollgate::ledger {

class Wakeup;

// A reservation that the file knows of (strict durability). Value 0: none.
struct Intent {
  std::uint64_t id = 0;
};

class Lane {
 public:
  Lane(std::uint64_t index, std::size_t bound, Wakeup& wakeup, bool is_on);
  Lane(const Lane&) = delete;

  // Books a charge, and closes the intent that was opened for it, in one transaction.
  Ticket append(const Charge& charge, std::span<const Delta> deltas, Intent closes = {});

  // Makes a reservation known to the file: when the gateway dies before it is closed, the next start
  // books it as it is given here, as estimated. Closed by append() or withdraw(). Meters are not
  // touched until then.
  struct Opened {
    Intent intent;
    Ticket ticket;
  };
  Opened open(const Charge& reserved, std::span<const Delta> deltas);

  // Closes an intent without a charge: the request was refused or cost nothing.
  Ticket withdraw(Intent intent);

  // --- for the writer ---
  // What was appended, as entries (entry.hpp), with what of it found no room.
  struct Taken {
    std::vector<char> entries;
    Slots overflow;             // deltas of charges that were dropped
    std::uint64_t dropped = 0;  // charges
    bool is_empty() const noexcept { return entries.empty() && dropped == 0; }
  };
  // Swaps the (cleared) buffers of `into` with its own; what comes from now on is part of the batch
  // `next`.
  void take(Taken& into, std::uint64_t next);
  bool has_pending();

  std::uint64_t appended() const noexcept { return appended_.load(std::memory_order_relaxed); }

 private:
  bool add_up(std::size_t last);
  void drop(std::size_t last, std::span<const Delta> deltas);
  Ticket put(Step step, const Charge& charge, std::span<const Delta> deltas, Intent intent);

  const std::size_t bound_;
  const bool is_on_;
  Wakeup& wakeup_;
  std::uint64_t last_intent_;
  std::atomic<std::uint64_t> appended_{0};

  std::mutex mutex_;  // guards what follows
  Taken filling_;
  std::uint64_t batch_ = 1;  // the one that takes what is appended now
  std::array<std::uint32_t, 256> known_{};  // charges, by their hashes: where they lie, from 1; 0: none
};

}  // namespace tollgate::ledger
