// One pot: what one caller may use of one rule, and what is used of it.
//
// A rate limit's pot is a sliding window of 64 slots, exact on the safe side: what was booked leaves
// only when all of its slot is older than the window, so no stretch of that length ever holds more
// than the limit, at window edges neither. The price is that it leaves up to 1/64 of the window late.
// A budget's pot is one sum that starts anew with each calendar period. The pot of a limit on calls
// at a time counts those that run.
//
// Pure: the time is given. Thread rule: every call between lock() and unlock() by one thread, except
// where said; several pots are locked in the order of their addresses.
#pragma once

#include "limits/calendar.hpp"
#include "tollgate/spending.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tollgate::limits {

class alignas(64) Pot {
 public:
  // `key` is the same in every process and after every restart. `rule` outlives its use: see use_rule.
  Pot(std::string key, const SpendRule& rule, std::uint32_t meter);
  Pot(const Pot&) = delete;

  void lock() noexcept;
  void unlock() noexcept { is_locked_.store(false, std::memory_order_release); }

  // Lets what is too old go. A clock that goes back a little changes nothing; one that is set back
  // further than the window is followed, and what is booked counts from then on. Call it first.
  void advance(std::int64_t now_ms);

  std::int64_t use() const noexcept { return use_; }
  std::int64_t limit() const noexcept { return limit_; }
  std::int64_t room() const noexcept { return use_ >= limit_ ? 0 : limit_ - use_; }

  // Books into the slot of `now_ms`, as of the last advance(), and says which slot that was.
  std::int64_t book(std::int64_t amount) noexcept;

  // Changes what was booked into `slot`. A slot that has left the window is left alone.
  void correct(std::int64_t slot, std::int64_t amount) noexcept;

  // Milliseconds until `amount` fits if nobody else books; 0: it fits now; -1: it never will.
  // Calls at a time have no time to tell: 1,000.
  std::int64_t wait_for(std::int64_t amount) const noexcept;

  // Milliseconds until all that is booked now has left or the period ends.
  std::int64_t full_again_in() const noexcept;

  // What a ledger kept of `slot`. Before the pot is used.
  void restore(std::int64_t slot, std::int64_t amount, std::int64_t now_ms);

  // The highest alert that has newly been reached, in percent; 0: none.
  int newly_reached_alert(const SpendRule& rule) noexcept;

  // A reload brought the same rule with other numbers.
  void use_rule(const SpendRule& rule);

  // Whether it holds nothing that matters any more at `now_ms`.
  bool is_spent_history(std::int64_t now_ms) const noexcept;

  // These never change; any thread, without the lock.
  const std::string& key() const noexcept { return key_; }
  Measure measure() const noexcept { return measure_; }
  WindowKind window_kind() const noexcept { return window_.kind; }
  std::uint32_t meter() const noexcept { return meter_; }  // what a ledger calls it
  std::int64_t slot_length_ms() const noexcept { return slot_ms_; }

  Period period() const noexcept { return period_; }  // calendar windows; under the lock

  // What a ledger kept of it is in it. Its store's, under the store's lock.
  bool is_restored = true;

  // How many exchanges hold on to it. Any thread.
  std::atomic<int> pins{0};

 private:
  static constexpr std::int64_t slots_a_window = 64;
  static constexpr std::size_t ring_size = slots_a_window + 2;
  using Ring = std::array<std::int64_t, ring_size>;

  bool is_sliding() const noexcept { return ring_ != nullptr; }
  std::int64_t leaves_at(std::int64_t slot) const noexcept;
  std::int64_t& in_ring(std::int64_t index) noexcept {
    return (*ring_)[static_cast<std::size_t>(index) % ring_size];
  }
  void advance_ring();
  void start_period();
  void follow_clock_back(std::int64_t now_ms);

  std::atomic<bool> is_locked_{false};
  std::int64_t use_ = 0;
  std::int64_t limit_;
  std::int64_t now_ms_ = 0;
  Period period_{};           // calendar windows and lives
  std::int64_t newest_ = 0;   // of the ring, as an index: slot / slot_ms_
  std::int64_t oldest_ = 0;
  std::unique_ptr<Ring> ring_;  // sliding windows
  std::int64_t slot_ms_ = 0;
  int alerted_percent_ = 0;
  const Measure measure_;
  Window window_;  // its zone and idle time change with the rule; its kind and a slide's length never
  const std::uint32_t meter_;
  const std::string key_;
};

}  // namespace tollgate::limits
