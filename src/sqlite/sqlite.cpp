#include "sqlite/sqlite.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace tollgate::sqlite {
namespace {

using Kind = SqliteError::Kind;

constexpr int busy_ms = 250;  // another program may hold the file for a moment, not for long

Kind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return Kind::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Kind::corrupt;
    case SQLITE_READONLY:
    case SQLITE_PERM: return Kind::read_only;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Kind::locked;
    case SQLITE_CANTOPEN: return Kind::cannot_open;
    default: return Kind::other;
  }
}

[[noreturn]] void fail(sqlite3* db, int code) {
  if (db && (sqlite3_errcode(db) & 0xff) == (code & 0xff)) code = sqlite3_extended_errcode(db);
  std::string reason = sqlite3_errstr(code);
  if (db && reason != sqlite3_errmsg(db)) reason += std::string(" (") + sqlite3_errmsg(db) + ")";
  // SQLite says only "disk I/O error" where the system said more.
  int system = db ? sqlite3_system_errno(db) : 0;
  bool is_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if (is_system && system != 0) reason += std::string(": ") + std::strerror(system);
  bool is_full = is_system && (system == ENOSPC || system == EDQUOT || system == EFBIG);
  throw SqliteError(is_full ? Kind::full : kind_of(code), reason);
}

void check(sqlite3* db, int code) {
  if (code != SQLITE_OK) fail(db, code);
}

// A file name as an address, where only / and harmless characters stand for themselves.
std::string address_of(const std::string& path) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string address = "file:";
  for (unsigned char c : path) {
    if (c == '?' || c == '#' || c == '%' || c < 0x20) {
      address += {'%', digits[c >> 4], digits[c & 15]};
    } else {
      address += static_cast<char>(c);
    }
  }
  return address + "?immutable=1";
}

}  // namespace

Database::Database(const std::string& path, Mode mode) {
  int code;
  if (mode == Mode::read_still) {
    code = sqlite3_open_v2(address_of(path).c_str(), &db_,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  } else {
    int flags = mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    code = sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  }
  try {
    check(db_, code);
    sqlite3_busy_timeout(db_, busy_ms);
    sqlite3_wal_hook(
        db_,
        [](void* self, sqlite3*, const char*, int pages) {
          static_cast<Database*>(self)->wal_pages_ = pages;
          return SQLITE_OK;
        },
        this);
  } catch (...) {
    sqlite3_close_v2(db_);
    throw;
  }
}

Database::~Database() { sqlite3_close_v2(db_); }

void Database::run(const char* sql) { check(db_, sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

std::int64_t Database::number(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.number(0) : 0;
}

void Database::checkpoint() {
  int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_BUSY) check(db_, code);
  wal_pages_ = 0;
}

Statement::Statement(Database& db, std::string_view sql) {
  check(db.db_, sqlite3_prepare_v3(db.db_, sql.data(), static_cast<int>(sql.size()),
                                   SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::int64_t value) {
  check(sqlite3_db_handle(statement_), sqlite3_bind_int64(statement_, index, value));
  return *this;
}

Statement& Statement::bind(int index, std::string_view value) {
  const char* data = value.data() ? value.data() : "";  // null would bind NULL
  check(sqlite3_db_handle(statement_),
        sqlite3_bind_text(statement_, index, data, static_cast<int>(value.size()), SQLITE_STATIC));
  return *this;
}

bool Statement::step() {
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(statement_), code);
}

void Statement::reset() noexcept { sqlite3_reset(statement_); }

void Statement::run() {
  try {
    while (step()) {
    }
  } catch (...) {
    reset();
    throw;
  }
  reset();
}

std::int64_t Statement::number(int column) const noexcept {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Statement::text(int column) const noexcept {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace tollgate::sqlite
