// Answers that providers make in the background: what was booked for them, until somebody who looks at one is
// told what it took.
#pragma once

#include "affinity/object_key.hpp"
#include "filters/till.hpp"
#include "ledger/charge.hpp"
#include "limits/estimate.hpp"
#include "limits/price.hpp"
#include "limits/reservation.hpp"
#include "sharing/ask.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/usage.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace tollgate::filters {

// One of them, as it was booked. Refers to no configuration: that may have changed since.
class UnsettledAnswer {
 public:
  // `booked`: what all calls that were made for it took, as `reservation` was settled.
  UnsettledAnswer(const ledger::Charge& charge, const limits::Spent& booked, limits::Reservation&& reservation);
  UnsettledAnswer(const UnsettledAnswer&) = delete;

  // Books the difference, in the minute and the windows of the call that had it made. Where no usage is told, as
  // with answers that were cancelled or failed, the prompt counts, and of one that was cancelled `least_answer`.
  void settle(StoredEnd end, const Usage& told, Till& till);

  struct SharedPart {
    Measure measure;
    sharing::Ask ask;  // its key is that of a pot of the reservation
    std::int64_t slot_ms;
    std::int64_t held;
  };
  std::vector<SharedPart> shared;
  std::optional<limits::DeploymentPrices> prices;
  limits::Estimate* estimate = nullptr;  // learns how long it became
  std::int64_t prompt_counted = 0;
  std::int64_t least_answer = 0;

 private:
  Usage usage_of(StoredEnd end, const Usage& told) const;

  std::string texts_;  // of the charge
  ledger::Charge charge_;
  limits::Spent spent_;
  limits::Reservation reservation_;
};

// Bounded: answers that nobody asks about stay booked as they were.
// Thread safety: any thread.
class Unsettled {
 public:
  static constexpr std::size_t most = 20'000;  // a kilobyte each; the oldest makes room
  static constexpr std::chrono::hours keep{24};

  void add(affinity::ObjectKey key, std::unique_ptr<UnsettledAnswer> answer);

  // Whoever gets it settles it; null: nothing is open under this key, or another has taken it.
  std::unique_ptr<UnsettledAnswer> take(affinity::ObjectKey key);

 private:
  struct Entry {
    affinity::ObjectKey key;
    TimePoint since;
    std::unique_ptr<UnsettledAnswer> answer;
  };
  struct Hash {
    std::size_t operator()(affinity::ObjectKey key) const noexcept { return key.low; }
  };

  std::mutex mutex_;
  std::list<Entry> entries_;  // the oldest first
  std::unordered_map<affinity::ObjectKey, std::list<Entry>::iterator, Hash> by_key_;
};

}  // namespace tollgate::filters
