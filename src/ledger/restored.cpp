#include "ledger/restored.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <functional>

namespace tollgate::ledger {

using sqlite::Database;
using sqlite::SqliteError;
using sqlite::Statement;

void Restored::read(Database& db, std::int64_t now_ms) {
  // In the order of the table, so that the slots of a meter come together.
  Statement rows(db,
                 "SELECT s.meter, s.slot, s.used, s.expires, m.key FROM slots AS s CROSS JOIN meters AS m "
                 "ON m.id = s.meter WHERE s.expires > ?1 ORDER BY s.meter, s.slot");
  rows.bind(1, now_ms);
  std::int64_t last = -1;
  try {
    while (rows.step()) {
      if (std::int64_t id = rows.number(0); id != last) {
        std::string_view key = rows.text(4);
        meters_.push_back({keys_.size(), static_cast<std::uint32_t>(key.size()),
                           static_cast<std::uint32_t>(slots_.size())});
        keys_ += key;
        last = id;
      }
      slots_.push_back({rows.number(1), rows.number(2)});
      slot_expires_ms_.push_back(rows.number(3));
      expires_ms_ = std::max(expires_ms_, rows.number(3));
    }
  } catch (const SqliteError&) {
    build_index();
    throw;
  }
  build_index();
}

void Restored::write(Database& db) const {
  db.run("BEGIN IMMEDIATE");
  Statement meter(db, "INSERT INTO meters (id, key) VALUES (?1, ?2)");
  Statement slot(db, "INSERT INTO slots (meter, slot, used, expires) VALUES (?1, ?2, ?3, ?4)");
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    auto id = static_cast<std::int64_t>(i + 1);
    meter.bind(1, id).bind(2, key_of(meters_[i])).run();
    for (std::uint32_t at = meters_[i].slots_at; at < slots_end(i); ++at)
      slot.bind(1, id).bind(2, slots_[at].slot_ms).bind(3, slots_[at].used)
          .bind(4, slot_expires_ms_[at]).run();
  }
  db.run("COMMIT");
}

std::vector<SlotUse> Restored::find(std::string_view key) const {
  if (index_.empty()) return {};
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = std::hash<std::string_view>{}(key) & mask; index_[at] != 0;
       at = (at + 1) & mask) {
    std::size_t meter = index_[at] - 1;
    if (key_of(meters_[meter]) != key) continue;
    // What has expired since the start is history: a session that comes back is a new one.
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    std::vector<SlotUse> slots;
    for (std::uint32_t slot = meters_[meter].slots_at; slot < slots_end(meter); ++slot) {
      if (slot_expires_ms_[slot] > now) slots.push_back(slots_[slot]);
    }
    return slots;
  }
  return {};
}

std::uint32_t Restored::slots_end(std::size_t meter) const noexcept {
  return meter + 1 < meters_.size() ? meters_[meter + 1].slots_at
                                    : static_cast<std::uint32_t>(slots_.size());
}

void Restored::build_index() {
  if (meters_.empty()) return;
  index_.assign(std::bit_ceil(meters_.size() * 2), 0);
  const std::size_t mask = index_.size() - 1;
  for (std::size_t meter = 0; meter < meters_.size(); ++meter) {
    std::size_t at = std::hash<std::string_view>{}(key_of(meters_[meter])) & mask;
    while (index_[at] != 0) at = (at + 1) & mask;
    index_[at] = static_cast<std::uint32_t>(meter + 1);
  }
}

}  // namespace tollgate::ledger
