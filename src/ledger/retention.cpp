#include "ledger/retention.hpp"

#include <string>

namespace tollgate::ledger {

using sqlite::Database;
using sqlite::Statement;

namespace {

constexpr std::int64_t rows_a_step = 2'000;
constexpr std::int64_t pages_a_step = 256;   // given back to the file system
constexpr std::int64_t spare_pages = 1'024;  // kept for what will be written next

}  // namespace

Retention::Step Retention::step(Database& db, std::chrono::sys_seconds now) {
  using namespace std::chrono;
  const auto oldest = (now - retain_).time_since_epoch();
  switch (phase_) {
    case Phase::usage: return drop_usage(db, floor<minutes>(oldest).count());
    case Phase::slots: return drop_slots(db, milliseconds(now.time_since_epoch()).count());
    // A day late, so that no usage row is left without its names.
    case Phase::series: return drop_idle(db, "series", floor<days>(oldest).count(), Phase::names);
    case Phase::names: return drop_idle(db, "names", floor<days>(oldest).count(), Phase::vacuum);
    case Phase::vacuum: return give_back_pages(db);
  }
  return {};
}

Retention::Step Retention::drop_usage(Database& db, std::int64_t oldest_minute) {
  Statement drop(db,
                 "DELETE FROM usage WHERE (minute, series) IN "
                 "(SELECT minute, series FROM usage WHERE minute < ?1 ORDER BY minute LIMIT ?2)");
  drop.bind(1, oldest_minute).bind(2, rows_a_step).run();
  if (db.number("SELECT changes()") < rows_a_step) phase_ = Phase::slots;
  return {};
}

// A range of meters: whole ones, so that one without slots can go as well.
Retention::Step Retention::drop_slots(Database& db, std::int64_t now_ms) {
  Statement range(db, "SELECT max(id) FROM (SELECT id FROM meters WHERE id > ?1 ORDER BY id LIMIT ?2)");
  range.bind(1, last_meter_).bind(2, rows_a_step / 10).step();
  const std::int64_t end = range.number(0);  // 0: there is none
  range.reset();
  if (end == 0) {
    phase_ = Phase::series;
    last_meter_ = -1;
    last_id_ = 0;
    return {};
  }
  db.run("BEGIN IMMEDIATE");
  Statement(db, "DELETE FROM slots WHERE meter > ?1 AND meter <= ?2 AND expires <= ?3")
      .bind(1, last_meter_).bind(2, end).bind(3, now_ms).run();
  // A meter that an open intent refers to stays.
  Statement(db,
            "DELETE FROM meters WHERE id > ?1 AND id <= ?2"
            " AND NOT EXISTS (SELECT 1 FROM slots WHERE meter = meters.id)"
            " AND id NOT IN (SELECT meter FROM intent_slots)")
      .bind(1, last_meter_).bind(2, end).run();
  Step step{false, db.number("SELECT changes()") > 0};
  db.run("COMMIT");
  last_meter_ = end;
  return step;
}

Retention::Step Retention::drop_idle(Database& db, const char* table, std::int64_t oldest_day,
                                     Phase next) {
  const std::string name = table;
  Statement range(db, "SELECT max(id) FROM (SELECT id FROM " + name +
                          " WHERE id > ?1 ORDER BY id LIMIT ?2)");
  range.bind(1, last_id_).bind(2, rows_a_step).step();
  const std::int64_t end = range.number(0);
  range.reset();
  if (end == 0) {
    phase_ = next;
    last_id_ = 0;
    return {};
  }
  Statement(db, "DELETE FROM " + name + " WHERE id > ?1 AND id <= ?2 AND day < ?3")
      .bind(1, last_id_).bind(2, end).bind(3, oldest_day).run();
  last_id_ = end;
  return {false, db.number("SELECT changes()") > 0};
}

// Only when a good part of the file is free: pages that are free are used again anyway.
Retention::Step Retention::give_back_pages(Database& db) {
  const std::int64_t free = db.number("PRAGMA freelist_count");
  const std::int64_t all = db.number("PRAGMA page_count");
  if (free > spare_pages && free > all / 4) {
    db.run(("PRAGMA incremental_vacuum(" + std::to_string(pages_a_step) + ")").c_str());
    return {};
  }
  phase_ = Phase::usage;
  return {true, false};
}

}  // namespace tollgate::ledger
