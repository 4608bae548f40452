// Takes out of the file what nobody needs any more, in steps so small that the writer can put one
// between two commits.
// Thread safety: the writer's alone.
#pragma once

#include "sqlite/sqlite.hpp"

#include <chrono>
#include <cstdint>

namespace tollgate::ledger {

class Retention {
 public:
  explicit Retention(std::chrono::hours retain) : retain_(retain) {}

  struct Step {
    bool is_round_over = false;    // come back after a while
    bool has_dropped_ids = false;  // of names, series or meters: do not use remembered ones
  };
  // One transaction of a few milliseconds. Throws SqliteError.
  Step step(sqlite::Database& db, std::chrono::sys_seconds now);

 private:
  enum class Phase : unsigned char { usage, slots, series, names, vacuum };
  Step drop_usage(sqlite::Database& db, std::int64_t oldest_minute);
  Step drop_slots(sqlite::Database& db, std::int64_t now_ms);
  Step drop_idle(sqlite::Database& db, const char* table, std::int64_t oldest_day, Phase next);
  Step give_back_pages(sqlite::Database& db);

  const std::chrono::hours retain_;
  Phase phase_ = Phase::usage;
  std::int64_t last_meter_ = -1;  // where the slots' sweep is
  std::int64_t last_id_ = 0;      // where the sweep of series or names is
};

}  // namespace tollgate::ledger
