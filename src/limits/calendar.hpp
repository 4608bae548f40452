// Calendar periods of budgets: an hour, a day, a week or a month of a time zone.
// Pure apart from the machine's zone data base. Thread-safe.
#pragma once

#include "tollgate/spending.hpp"

#include <cstdint>

namespace tollgate::limits {

// Half open, in milliseconds since the epoch.
struct Period {
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;
};

// The period of `window` that `now_ms` lies in. REQUIRES: a calendar window whose zone exists (the
// configuration was checked). A day with a change of clocks has 23 or 25 hours. Takes microseconds:
// ask once a period.
Period period_at(const Window& window, std::int64_t now_ms);

}  // namespace tollgate::limits
