// SQLite behind a small border: a connection, a statement, and errors that people can read.
// Thread safety: one thread at a time for a connection and its statements.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace tollgate::sqlite {

class SqliteError : public std::runtime_error {
 public:
  enum class Kind : unsigned char { other, full, corrupt, read_only, locked, cannot_open,
                                   replaced };
  SqliteError(Kind kind, const std::string& reason) : std::runtime_error(reason), kind_(kind) {}
  Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

// Functions throw SqliteError.
class Database {
 public:
  enum class Mode : unsigned char {
    write,      // made if it is not there
    read,       // while others may write
    read_still  // nobody writes, and nothing may be made beside the file
  };
  Database(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;

  void run(const char* sql);            // one or more statements
  std::int64_t number(const char* sql); // the first value of the first row; 0: no row

  // Pages in the write-ahead log after the last commit.
  int wal_pages() const noexcept { return wal_pages_; }
  // Moves what can be moved from the log to the file without waiting for readers.
  void checkpoint();

 private:
  friend class Statement;
  sqlite3* db_ = nullptr;
  int wal_pages_ = 0;
};

class Statement {
 public:
  Statement(Database& db, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;

  // Parameters are numbered from 1; a text must stay until the statement has been run.
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view value);

  bool step();  // true: there is a row
  void reset() noexcept;
  void run();   // to the end, ready for another time

  // Columns are numbered from 0.
  std::int64_t number(int column) const noexcept;
  std::string_view text(int column) const noexcept;  // until the next step

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace tollgate::sqlite
