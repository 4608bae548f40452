// What the meters held when the file was opened. Made once, then read only.
#pragma once

#include "ledger/charge.hpp"
#include "sqlite/sqlite.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::ledger {

class Restored {
 public:
  // Slots that have not expired at `now_ms`. Throws SqliteError; what was read until then stays.
  void read(sqlite::Database& db, std::int64_t now_ms);

  // Writes all of it into a file that has none of it, as one transaction.
  void write(sqlite::Database& db) const;

  std::vector<SlotUse> find(std::string_view key) const;
  std::size_t size() const noexcept { return meters_.size(); }
  std::int64_t expires_ms() const noexcept { return expires_ms_; }  // the last of it

 private:
  // One text and three arrays instead of a map of strings: there may be a million meters.
  struct Meter {
    std::size_t key_at;
    std::uint32_t key_size;
    std::uint32_t slots_at;
  };
  std::string_view key_of(const Meter& meter) const noexcept {
    return std::string_view(keys_).substr(meter.key_at, meter.key_size);
  }
  std::uint32_t slots_end(std::size_t meter) const noexcept;
  void build_index();

  std::string keys_;
  std::vector<Meter> meters_;
  std::vector<SlotUse> slots_;
  std::vector<std::int64_t> slot_expires_ms_;
  std::vector<std::uint32_t> index_;  // open addressing by the key's hash: meter + 1, 0: free
  std::int64_t expires_ms_ = 0;
};

}  // namespace tollgate::ledger
