#include "ledger/store.hpp"

#include "ledger/ledger.hpp"
#include "ledger/schema.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

namespace tollgate::ledger {

using sqlite::Database;
using sqlite::SqliteError;
using sqlite::Statement;

namespace {

constexpr std::size_t max_remembered = 100'000;  // names and series each
constexpr int checkpoint_pages = 1'000;          // 4 MiB of log
constexpr std::int64_t minutes_a_day = 24 * 60;

std::int64_t to_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// When a slot that was booked at `now_ms` is needed no more; "for ever" stays for ever.
std::int64_t expiry(std::int64_t slot_ms, std::int64_t now_ms, std::chrono::milliseconds keep) {
  std::int64_t from = std::max(slot_ms, now_ms);
  constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
  return keep.count() > end - from ? end : from + keep.count();
}

Statement& bind_sums(Statement& statement, int first, const Sums& sums) {
  for (std::int64_t value : {sums.requests, sums.prompt, sums.cached, sums.completion,
                             sums.reasoning, sums.estimated, sums.cost, sums.saved})
    statement.bind(first++, value);
  return statement;
}

constexpr std::array sum_columns{"requests", "prompt", "cached", "completion",
                                 "reasoning", "estimated", "cost", "saved"};

// How rows meet a row that is there: they are added to it.
std::string add_to_usage() {
  std::string sql = " ON CONFLICT DO UPDATE SET ";
  for (const std::string column : sum_columns)
    sql += (column == sum_columns[0] ? "" : ", ") + column + " = " + column + " + excluded." + column;
  return sql;
}
constexpr const char* add_to_slots =
    " ON CONFLICT DO UPDATE SET used = used + excluded.used, expires = max(expires, excluded.expires)";

// Reservations of calls that were under way: they cost at least something, nobody knows how much.
std::string book_intents() {
  return "BEGIN IMMEDIATE;"
         "INSERT INTO usage SELECT minute, series, requests, prompt, cached, completion, reasoning,"
         " requests, cost, saved FROM intents WHERE true" + add_to_usage() + ";"
         "INSERT INTO slots SELECT meter, slot, used, expires FROM intent_slots WHERE true" +
         add_to_slots + ";"
         "DELETE FROM intents; DELETE FROM intent_slots;"
         "COMMIT;";
}

}  // namespace

struct Store::Open {
  explicit Open(const std::string& path)
      : db(path, Database::Mode::write), statements(prepared(path)) {}

  Database& prepared(const std::string& path) {
    prepare_for_writing(db, path);
    return db;
  }

  struct Statements {
    explicit Statements(Database& db)
        : name(db,
               "INSERT INTO names (name, day) VALUES (?1,?2) "
               "ON CONFLICT DO UPDATE SET day = max(day, excluded.day) RETURNING id"),
          series(db,
                 "INSERT INTO series (subscription, product, cost_center, user, session, task,"
                 " operation, model_asked, model, deployment, region, is_ptu, is_batch, day)"
                 " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)"
                 " ON CONFLICT DO UPDATE SET day = max(day, excluded.day) RETURNING id"),
          usage(db, "INSERT INTO usage VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)" + add_to_usage()),
          // An update of nothing, because RETURNING says nothing about a row that was there.
          meter(db,
                "INSERT INTO meters (key) VALUES (?1) ON CONFLICT DO UPDATE SET key = key RETURNING id"),
          slot(db, std::string("INSERT INTO slots VALUES (?1,?2,?3,?4)") + add_to_slots),
          intent(db, "INSERT INTO intents VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"),
          intent_slot(db,
                      "INSERT INTO intent_slots (intent, meter, slot, used, expires)"
                      " VALUES (?1,?2,?3,?4,?5) ON CONFLICT DO UPDATE SET used = used + excluded.used"),
          close_intent(db, "DELETE FROM intents WHERE id = ?1"),
          close_slots(db, "DELETE FROM intent_slots WHERE intent = ?1") {}
    Statement name, series, usage, meter, slot, intent, intent_slot, close_intent, close_slots;
  };

  Database db;
  Statements statements;
};

Store::Store(std::string path, std::chrono::hours retain)
    : path_(std::move(path)), retention_(retain) {}

Store::~Store() = default;

Store::Opened Store::open(WallTime now) {
  lock_.acquire(path_);
  Opened opened;
  if (!must_replace_) {
    try {
      return open_file(now);
    } catch (const SqliteError& error) {
      close();
      if (error.kind() != SqliteError::Kind::corrupt) throw;
    }
  }
  const std::string aside = move_aside(now);
  must_replace_ = false;
  Restored saved;
  try {
    Database damaged(aside, Database::Mode::read);
    saved.read(damaged, to_ms(now));
  } catch (const SqliteError&) {  // what could be read is what there is
  }
  opened = open_file(now);
  try {
    saved.write(open_->db);
  } catch (const SqliteError&) {
    roll_back();
    throw;
  }
  auto restored = std::make_shared<Restored>();
  restored->read(open_->db, to_ms(now));
  opened.notice = path_ + " was damaged: it was moved to " + aside + " and a fresh one begun; " +
                  std::to_string(restored->size()) + " meters could be saved, usage rows were not";
  opened.restored = std::move(restored);
  return opened;
}

Store::Opened Store::open_file(WallTime now) {
  // SQLite would make it readable for everybody; its other files take over the mode of this one. A
  // file that is there is not opened: closing it would undo SQLite's locks on it (fcntl(2)).
  int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (fd >= 0) ::close(fd);
  open_ = std::make_unique<Open>(path_);
  struct stat found {};
  if (::stat(path_.c_str(), &found) == 0) {
    inode_ = found.st_ino;
    device_ = found.st_dev;
  }
  Opened opened;
  // Once: later on the open intents are those of this run.
  if (!has_been_open_)
    opened.booked_intents =
        static_cast<std::uint64_t>(open_->db.number("SELECT count(*) FROM intents"));
  if (opened.booked_intents != 0) open_->db.run(book_intents().c_str());
  auto restored = std::make_shared<Restored>();
  restored->read(open_->db, to_ms(now));
  opened.restored = std::move(restored);
  has_been_open_ = true;
  return opened;
}

// The log goes with its file: what is in it belongs to that one.
std::string Store::move_aside(WallTime now) const {
  const std::string stem =
      path_ + ".corrupt-" +
      std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  std::string aside = stem;
  for (int i = 2; ::access(aside.c_str(), F_OK) == 0; ++i) aside = stem + "-" + std::to_string(i);
  if (std::rename(path_.c_str(), aside.c_str()) != 0)
    throw SqliteError(SqliteError::Kind::corrupt,
                      "the file is damaged and cannot be moved to " + aside);
  std::rename((path_ + "-wal").c_str(), (aside + "-wal").c_str());
  std::remove((path_ + "-shm").c_str());
  return aside;
}

void Store::close() {
  open_.reset();
  forget_rows();
}

void Store::commit(const Pending& pending, const Meters& meters, WallTime now) {
  check_file_is_there();
  try {
    open_->db.run("BEGIN IMMEDIATE");
    write_usage(pending);
    write_slots(pending, meters, to_ms(now));
    write_intents(pending, meters, to_ms(now));
    open_->db.run("COMMIT");
  } catch (const SqliteError&) {
    roll_back();
    throw;
  }
}

void Store::write_usage(const Pending& pending) {
  Statement& usage = open_->statements.usage;
  for (const auto& [minute, rows] : pending.usage())
    for (const auto& [key, row] : rows) {
      usage.bind(1, minute).bind(2, series_row(key, minute));
      bind_sums(usage, 3, row.sums).run();
    }
}

void Store::write_slots(const Pending& pending, const Meters& meters, std::int64_t now_ms) {
  for (const auto& [slot, amount] : pending.slots()) {
    Meters::Meter meter = meters.get(slot.meter);
    open_->statements.slot.bind(1, meter_row(slot.meter, meter.key)).bind(2, slot.slot_ms)
        .bind(3, amount).bind(4, expiry(slot.slot_ms, now_ms, meter.keep)).run();
  }
}

void Store::write_intents(const Pending& pending, const Meters& meters, std::int64_t now_ms) {
  for (std::uint64_t closed : pending.closed()) {
    auto id = static_cast<std::int64_t>(closed);
    open_->statements.close_intent.bind(1, id).run();
    open_->statements.close_slots.bind(1, id).run();
  }
  for (const auto& [number, intent] : pending.opened()) {
    auto id = static_cast<std::int64_t>(number);
    Statement& insert = open_->statements.intent;
    insert.bind(1, id).bind(2, intent.minute).bind(3, series_row(intent.series, intent.minute));
    bind_sums(insert, 4, intent.sums).run();
    for (const Delta& delta : intent.deltas) {
      Meters::Meter meter = meters.get(delta.meter);
      open_->statements.intent_slot.bind(1, id).bind(2, meter_row(delta.meter, meter.key))
          .bind(3, delta.slot_ms).bind(4, delta.amount)
          .bind(5, expiry(delta.slot_ms, now_ms, meter.keep)).run();
    }
  }
}

std::int64_t Store::name_row(std::string_view name, std::int64_t day) {
  auto found = names_.find(name);
  if (found != names_.end() && found->second.day >= day) return found->second.id;
  Statement& insert = open_->statements.name;
  insert.bind(1, name).bind(2, day).step();
  Row row{insert.number(0), day};
  insert.reset();
  if (names_.size() >= max_remembered) names_.clear();
  names_.insert_or_assign(std::string(name), row);
  return row.id;
}

std::int64_t Store::series_row(std::string_view key, std::int64_t minute) {
  const std::int64_t day = minute / minutes_a_day;
  auto found = series_.find(key);
  if (found != series_.end() && found->second.day >= day) return found->second.id;
  const SeriesKey series = read_series(key);
  Statement& insert = open_->statements.series;
  for (std::size_t i = 0; i < text_count; ++i)
    insert.bind(static_cast<int>(i + 1), name_row(series.texts[i], day));
  insert.bind(12, series.is_ptu).bind(13, series.is_batch).bind(14, day).step();
  Row row{insert.number(0), day};
  insert.reset();
  if (series_.size() >= max_remembered) series_.clear();
  series_.insert_or_assign(std::string(key), row);
  return row.id;
}

std::int64_t Store::meter_row(MeterId meter, std::string_view key) {
  if (meter >= meters_.size()) meters_.resize(meter + 1);
  std::int64_t& row = meters_[meter];
  if (row == 0) {
    Statement& insert = open_->statements.meter;
    insert.bind(1, key).step();
    row = insert.number(0);
    insert.reset();
  }
  return row;
}

void Store::forget(const std::vector<MeterId>& released) {
  for (MeterId meter : released)
    if (meter < meters_.size()) meters_[meter] = 0;
}

// SQLite would go on writing into a file that nobody can find any more.
void Store::check_file_is_there() const {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0 || found.st_ino != inode_ || found.st_dev != device_)
    throw SqliteError(SqliteError::Kind::replaced, "the file was removed or replaced while in use");
}

void Store::forget_rows() {
  names_.clear();
  series_.clear();
  meters_.clear();
}

void Store::roll_back() noexcept {
  forget_rows();
  try {
    open_->db.run("ROLLBACK");
  } catch (const SqliteError&) {  // it was undone already
  }
}

bool Store::needs_checkpoint() const noexcept {
  return open_->db.wal_pages() >= checkpoint_pages;
}

void Store::checkpoint() { open_->db.checkpoint(); }

bool Store::tidy(WallTime now) {
  try {
    auto step = retention_.step(open_->db, std::chrono::floor<std::chrono::seconds>(now));
    if (step.has_dropped_ids) forget_rows();
    return !step.is_round_over;
  } catch (const SqliteError&) {
    roll_back();
    throw;
  }
}

Store::Sizes Store::sizes() const {
  const auto size_of = [](const std::string& path) -> std::uint64_t {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
  };
  return {size_of(path_), size_of(path_ + "-wal")};
}

}  // namespace tollgate::ledger
