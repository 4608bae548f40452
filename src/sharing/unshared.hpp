// Decides while Redis cannot be asked: each limit's `when_unshared`. Pure data.
#pragma once

#include "sharing/ask.hpp"
#include "sharing/local_pot.hpp"
#include "sharing/numbers.hpp"
#include "sharing/settlements.hpp"
#include "tollgate/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tollgate::sharing {

// Which asks a lease has paid for, by index.
using Covered = std::uint64_t;
inline bool is_covered(Covered covered, std::size_t i) { return covered >> i & 1; }

class Unshared {
 public:
  Unshared(Settlements& settlements, Numbers& numbers)
      : settlements_(settlements), numbers_(numbers) {}

  // What `open` grants is counted here and told to Redis once it is back. A lease pays for an ask
  // unless it is `closed`: then nothing is spent while the books are shut.
  Verdict decide(std::span<Ask> asks, Covered covered, std::int64_t now_ms, TimePoint now);

  // Settles in the books of here.
  void adjust(std::string_view key, std::int64_t slot_ms, std::int64_t delta);
  void forget() { pots_.clear(); }  // Redis is back

 private:
  LocalPot& pot(const Ask& ask);

  Settlements& settlements_;
  Numbers& numbers_;
  ByText<LocalPot> pots_;
};

}  // namespace tollgate::sharing
