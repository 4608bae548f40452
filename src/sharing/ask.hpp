// What a request asks of shared pots and what it is told: the vocabulary of this folder. Pure data.
//
// A pot is a key with slots. Amounts are whole numbers of any unit (requests, tokens, nano-dollars).
#pragma once

#include "tollgate/spending.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace tollgate::sharing {

enum class PotKind : unsigned char {
  sliding,  // what was booked in a slot counts until the slot's end is `window_ms` old
  fixed,    // one slot: a calendar period, or a life (`period_start_ms` 0)
  held,     // what is held now; what a gateway held vanishes soon after the gateway
};

// One limit that a request needs room in.
struct Ask {
  std::string_view key;  // the pot's name, the same in all gateways; distinct within one call
  PotKind kind = PotKind::sliding;
  std::int64_t window_ms = 0;        // sliding: its length; fixed: of the period, or idle time of a
                                     // life (0: for ever); held: unused
  std::int64_t period_start_ms = 0;  // fixed: wall clock; 0: a life
  std::int64_t limit = 0;
  std::int64_t amount = 0;  // >= 0
  WhenUnshared when_unshared = WhenUnshared::closed;

  // Out: use of the pot including this request (leased: and all leases; 0 when answered by a lease).
  std::int64_t used_after = 0;
  // Out, when this ask has no room: the milliseconds until `amount` fits if nobody else comes (exact
  // for sliding, until the reset for fixed); 0: unknown (held; the store is away and it is not known
  // for how long); -1: never.
  std::int64_t wait_ms = 0;
};

struct Verdict {
  bool is_granted = false;
  int refused_by = -1;       // index of the first ask without room
  std::int64_t now_ms = 0;   // wall clock by which was decided; see slot_of()
  bool is_unshared = false;  // decided by `when_unshared`: the store could not be asked
};

inline constexpr std::int64_t slots_a_window = 64;

inline std::int64_t slot_length(std::int64_t window_ms) {
  return std::max<std::int64_t>(1, (window_ms + slots_a_window - 1) / slots_a_window);
}

// The slot that a reservation decided at `now_ms` went into; settle with the same.
inline std::int64_t slot_of(PotKind kind, std::int64_t window_ms, std::int64_t period_start_ms,
                            std::int64_t now_ms) {
  if (kind == PotKind::fixed) return period_start_ms;
  if (kind == PotKind::held) return 0;
  const auto slot = slot_length(window_ms);
  return now_ms / slot * slot;
}

inline std::int64_t slot_of(const Ask& ask, const Verdict& verdict) {
  return slot_of(ask.kind, ask.window_ms, ask.period_start_ms, verdict.now_ms);
}

}  // namespace tollgate::sharing
