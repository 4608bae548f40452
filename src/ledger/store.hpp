// The ledger's file: opening it whatever state it is in, and writing a batch as one transaction.
// Thread safety: one thread at a time.
#pragma once

#include "ledger/file_lock.hpp"
#include "ledger/meters.hpp"
#include "ledger/pending.hpp"
#include "ledger/restored.hpp"
#include "ledger/retention.hpp"
#include "sqlite/sqlite.hpp"

#include "tollgate/clock.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tollgate::ledger {

class Store {
 public:
  Store(std::string path, std::chrono::hours retain);
  ~Store();

  // What an open file had to tell.
  struct Opened {
    std::shared_ptr<const Restored> restored;
    std::uint64_t booked_intents = 0;
    std::string notice;  // a corrupt file was moved aside: where to
  };
  // Locks and opens the file, making it if need be; books the intents that were left open. A corrupt
  // file is moved aside and its meters are saved as far as they can be read. Throws Refused,
  // SqliteError.
  Opened open(WallTime now);
  bool is_open() const noexcept { return open_ != nullptr; }
  void close();

  // The next open() moves the file aside: a write found it corrupt.
  void replace_at_open() { must_replace_ = true; }

  // All of it or nothing, on the disk when it returns. Throws SqliteError. REQUIRES: is_open().
  void commit(const Pending& pending, const Meters& meters, WallTime now);

  // These numbers will stand for other meters.
  void forget(const std::vector<MeterId>& released);

  // Housekeeping between commits. Throw SqliteError. REQUIRES: is_open().
  bool needs_checkpoint() const noexcept;
  void checkpoint();
  bool tidy(WallTime now);  // false: nothing more to do for now

  struct Sizes {
    std::uint64_t file = 0;
    std::uint64_t wal = 0;
  };
  Sizes sizes() const;  // of the files as they are now; any thread

 private:
  struct Open;  // connection and statements
  struct Row {
    std::int64_t id = 0;
    std::int64_t day = 0;  // that the file knows of
  };
  using Rows = std::unordered_map<std::string, Row, Pending::TextHash, std::equal_to<>>;

  Opened open_file(WallTime now);
  std::string move_aside(WallTime now) const;
  void write_usage(const Pending& pending);
  void write_slots(const Pending& pending, const Meters& meters, std::int64_t now_ms);
  void write_intents(const Pending& pending, const Meters& meters, std::int64_t now_ms);
  std::int64_t name_row(std::string_view name, std::int64_t day);
  std::int64_t series_row(std::string_view key, std::int64_t minute);
  std::int64_t meter_row(MeterId meter, std::string_view key);
  void check_file_is_there() const;
  void forget_rows();
  void roll_back() noexcept;

  const std::string path_;
  Retention retention_;
  FileLock lock_;
  bool must_replace_ = false;
  std::unique_ptr<Open> open_;
  bool has_been_open_ = false;
  ino_t inode_ = 0;
  dev_t device_ = 0;

  // What the file calls things; emptied when a transaction was undone.
  Rows names_;
  Rows series_;
  std::vector<std::int64_t> meters_;  // by MeterId; 0: not known
};

}  // namespace tollgate::ledger
