#include "affinity/store.hpp"

#include "sqlite/sqlite.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

namespace tollgate::affinity {
namespace {

using sqlite::Database;
using sqlite::SqliteError;
using sqlite::Statement;

constexpr std::int64_t application_id = 0x54476166;  // "TGaf"
constexpr std::int64_t schema_version = 1;

// NORMAL: what was committed survives the end of the process, however it comes; a power cut may take
// back the last commits, and what is lost is found again by asking.
constexpr const char* setup =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA journal_size_limit = 16777216;";

// An id's hash is kept as two numbers; `expires` in seconds since the epoch.
constexpr const char* tables = R"(
BEGIN IMMEDIATE;
CREATE TABLE owners (
  id INTEGER PRIMARY KEY, resource TEXT NOT NULL, deployment TEXT NOT NULL, subscription TEXT NOT NULL,
  UNIQUE (resource, deployment, subscription));
CREATE TABLE objects (
  high INTEGER, low INTEGER, owner INTEGER NOT NULL, expires INTEGER NOT NULL,
  PRIMARY KEY (high, low)) WITHOUT ROWID;
)";

std::int64_t number(std::uint64_t word) { return static_cast<std::int64_t>(word); }

void prepare(Database& db, const std::string& path) {
  const bool is_new = db.number("SELECT count(*) FROM sqlite_master") == 0;
  if (!is_new && db.number("PRAGMA application_id") != application_id)
    throw std::runtime_error(path + " is a database, but not one of stored objects' owners: give another path");
  if (!is_new && db.number("PRAGMA user_version") > schema_version)
    throw std::runtime_error(path + " was written by a newer Tollgate: run that version, or give another path");
  db.run(setup);
  if (!is_new) return;
  // The marks become valid with the tables: a start that is cut off leaves an empty file.
  std::string all = tables;
  all += "PRAGMA application_id = " + std::to_string(application_id) + ";";
  all += "PRAGMA user_version = " + std::to_string(schema_version) + "; COMMIT;";
  db.run(all.c_str());
}

}  // namespace

struct Store::Open {
  explicit Open(const std::string& path) : db(path, Database::Mode::write), statements(prepared(path)) {}

  Database& prepared(const std::string& path) {
    prepare(db, path);
    return db;
  }

  struct Statements {
    explicit Statements(Database& db)
        // An update of nothing, because RETURNING says nothing about a row that was there.
        : owner(db, "INSERT INTO owners (resource, deployment, subscription) VALUES (?1,?2,?3)"
                    " ON CONFLICT DO UPDATE SET resource = resource RETURNING id"),
          put(db, "INSERT INTO objects VALUES (?1,?2,?3,?4)"
                  " ON CONFLICT DO UPDATE SET owner = excluded.owner, expires = excluded.expires"),
          erase(db, "DELETE FROM objects WHERE high = ?1 AND low = ?2") {}
    Statement owner, put, erase;
  };

  Database db;
  Statements statements;
};

Store::Store(std::string path, Owners& owners) : path_(std::move(path)), owners_(owners) {}
Store::~Store() = default;

std::string Store::open(Seconds now, const std::function<void(const Entry&)>& tell) {
  try {
    open_file(now, tell);
    return {};
  } catch (const SqliteError& error) {
    close();
    if (error.kind() != SqliteError::Kind::corrupt) throw;
  }
  const std::string aside = path_ + ".corrupt-" + std::to_string(now);
  if (std::rename(path_.c_str(), aside.c_str()) != 0)
    throw SqliteError(SqliteError::Kind::cannot_open, "the file is damaged and cannot be moved to " + aside);
  // The log goes with its file: what is in it belongs to that one.
  std::rename((path_ + "-wal").c_str(), (aside + "-wal").c_str());
  std::remove((path_ + "-shm").c_str());
  open_file(now, tell);
  return aside;
}

void Store::open_file(Seconds now, const std::function<void(const Entry&)>& tell) {
  // SQLite would make it readable for everybody; its other files take over the mode of this one.
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (fd >= 0) ::close(fd);
  open_ = std::make_unique<Open>(path_);
  read(now, tell);
}

void Store::read(Seconds now, const std::function<void(const Entry&)>& tell) {
  std::unordered_map<std::int64_t, OwnerId> known;
  Statement owners(open_->db, "SELECT id, resource, deployment, subscription FROM owners");
  while (owners.step()) {
    const Owner owner{std::string(owners.text(1)), std::string(owners.text(2)), std::string(owners.text(3))};
    const OwnerId id = owners_.number_of(owner);
    known.emplace(owners.number(0), id);
    rows_.emplace(id, owners.number(0));
  }
  if (!tell) return;
  Statement objects(open_->db, "SELECT high, low, owner, expires FROM objects WHERE expires > ?1");
  objects.bind(1, now);
  while (objects.step()) {
    const auto owner = known.find(objects.number(2));
    if (owner == known.end()) continue;
    Entry entry;
    entry.key = {static_cast<std::uint64_t>(objects.number(0)), static_cast<std::uint64_t>(objects.number(1))};
    entry.owner = owner->second;
    entry.expires = static_cast<Seconds>(objects.number(3));
    tell(entry);
  }
}

void Store::close() {
  open_.reset();
  rows_.clear();
}

std::int64_t Store::owner_row(OwnerId owner) {
  if (const auto found = rows_.find(owner); found != rows_.end()) return found->second;
  const Owner& named = owners_[owner];
  Statement& insert = open_->statements.owner;
  insert.bind(1, named.resource).bind(2, named.deployment).bind(3, named.subscription).step();
  const std::int64_t row = insert.number(0);
  insert.reset();
  rows_.emplace(owner, row);
  return row;
}

void Store::commit(std::span<const Entry> changes) {
  try {
    open_->db.run("BEGIN IMMEDIATE");
    for (const Entry& change : changes) {
      Statement& statement = change.expires == 0 ? open_->statements.erase : open_->statements.put;
      statement.bind(1, number(change.key.high)).bind(2, number(change.key.low));
      if (change.expires != 0) statement.bind(3, owner_row(change.owner)).bind(4, change.expires);
      statement.run();
    }
    open_->db.run("COMMIT");
  } catch (const SqliteError&) {
    rows_.clear();  // those of this transaction are not there
    try {
      open_->db.run("ROLLBACK");
    } catch (const SqliteError&) {  // it was undone already
    }
    throw;
  }
}

void Store::drop_expired(Seconds now) {
  Statement(open_->db, "DELETE FROM objects WHERE expires <= ?1").bind(1, now).run();
}

}  // namespace tollgate::affinity
