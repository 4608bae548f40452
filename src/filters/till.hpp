// One worker's side of the books, and where alerts go.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/spending.hpp"

#include <cstdint>
#include <string>

namespace tollgate::ledger {
class Ledger;
class Lane;
}  // namespace tollgate::ledger
namespace tollgate::sharing {
class SharedPots;
}

namespace tollgate::filters {

class Unsettled;

// A pot has reached one of its rule's alert thresholds.
struct SpendAlert {
  std::string rule;
  std::string pot;  // its key: whose it is
  int percent = 0;
  std::int64_t used = 0;
  std::int64_t limit = 0;
  Measure measure = Measure::tokens;
  WallTime at{};
};

class AlertSink {
 public:
  virtual ~AlertSink() = default;
  virtual void on_alert(SpendAlert alert) = 0;  // any thread; must not wait
};

// One worker's side of the books. One thread.
struct Till {
  ledger::Ledger& ledger;
  ledger::Lane& lane;
  sharing::SharedPots* shared = nullptr;  // null: the pots of this process are all there are
  AlertSink& alerts;
  Unsettled& unsettled;  // answers that are made in the background; the process's
  bool is_strict = false;  // wait until a charge is durable
};

}  // namespace tollgate::filters
