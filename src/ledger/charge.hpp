// What is written into the books: a charge and what it takes from which meters. Plain data.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"
#include "tollgate/usage.hpp"

#include <cstdint>
#include <string_view>

namespace tollgate::ledger {

// One settled request, an answer of a session, or how what was charged before differs from what it came to (amounts
// may be negative). Texts are copied by append(), and cut to max_text bytes; what a client names
// (user, session, task) must have been made printable before.
struct Charge {
  WallTime at{};                  // books into this minute
  std::string_view subscription;
  std::string_view product;
  std::string_view cost_center;
  std::string_view user;
  std::string_view session;
  std::string_view task;
  std::string_view operation;
  std::string_view model_asked;
  std::string_view model;         // the base model, as prices name it
  std::string_view deployment;
  std::string_view region;
  DeploymentKind kind = DeploymentKind::payg;
  Usage usage;
  std::int64_t requests = 1;      // 0: part of a request that is charged by itself
  std::int64_t cost = 0;          // nano-dollars
  std::int64_t saved = 0;         // nano-dollars, what a cache or a cheaper model spared
  bool is_batch = false;
  bool is_estimated = false;      // "at least": the provider never said how much it was
  bool ends_estimate = false;     // what was charged as estimated before is known now
};
inline constexpr std::size_t max_text = 256;

// A meter counts what one pot has given in each slot of its window.
using MeterId = std::uint32_t;

struct Delta {
  MeterId meter = 0;
  std::int64_t slot_ms = 0;  // start of the slot, milliseconds since the epoch
  std::int64_t amount = 0;   // may be negative: what is given back
};

struct SlotUse {
  std::int64_t slot_ms = 0;
  std::int64_t used = 0;
  bool operator==(const SlotUse&) const = default;
};

}  // namespace tollgate::ledger
