// What was booked in Redis beforehand and is spent here without asking. Pure data.
//
// A lease of a sliding pot moves along with the time: what was booked in an old slot and is spent now
// must count from now. It is unused, so moving it changes no sum.
#pragma once

#include "sharing/ask.hpp"
#include "sharing/settlements.hpp"
#include "tollgate/clock.hpp"

#include <cstdint>
#include <string_view>

namespace tollgate::sharing {

struct Lease {
  PotKind kind = PotKind::sliding;
  std::int64_t window_ms = 0;
  std::int64_t slot_ms = 0;
  std::int64_t left = 0;
  std::int64_t size = 0;   // what is fetched up to
  std::int64_t limit = 0;
  TimePoint used{};
  TimePoint fetch_after{};  // more is on its way, or the pot was found empty: not before this
};

class Leases {
 public:
  Leases(Settlements& settlements, int percent) : settlements_(settlements), percent_(percent) {}

  // At least one, so that a small limit can be leased at all.
  std::int64_t size_for(std::int64_t limit) const noexcept;

  // Spends `ask.amount` of the lease; null and unchanged when there is not enough.
  Lease* take(const Ask& ask, std::int64_t now_ms, TimePoint now);
  // The lease of the ask, made when there is none, brought to the slot of `now_ms`.
  Lease& at(const Ask& ask, std::int64_t now_ms, TimePoint now);
  Lease* find(std::string_view key) noexcept;

  // Puts in what Redis booked in `slot_ms`; goes back to Redis when the lease has moved on meanwhile.
  void put(std::string_view key, PotKind kind, std::int64_t window_ms, std::int64_t slot_ms,
           std::int64_t amount, TimePoint now);
  // Settles against the lease as far as it can; what is left has to be told to Redis.
  std::int64_t settle(std::string_view key, PotKind kind, std::int64_t slot_ms, std::int64_t delta);

  void give_back_idle(TimePoint unused_since, TimePoint now);
  bool is_empty() const noexcept { return leases_.empty(); }

 private:
  void give_back(std::string_view key, Lease& lease, TimePoint now);

  Settlements& settlements_;
  int percent_;
  ByText<Lease> leases_;
};

}  // namespace tollgate::sharing
