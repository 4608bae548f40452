// The file in which owners of objects outlive the process: one SQLite database.
//
// Objects stand in it by the hash of their id alone. Several gateways may write one file; each reads
// what it finds at its start.
// Thread safety: one thread at a time. Functions throw sqlite::SqliteError.
#pragma once

#include "affinity/table.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tollgate::affinity {

class Store {
 public:
  Store(std::string path, Owners& owners);
  ~Store();

  // Opens the file, making it if need be, and tells every entry that has not expired at `now`, unless
  // `tell` is empty. A corrupt file is moved aside and a fresh one begun; where to, else "". Throws std::runtime_error
  // when the file is something else.
  std::string open(Seconds now, const std::function<void(const Entry&)>& tell);
  bool is_open() const noexcept { return open_ != nullptr; }
  void close();

  // Entries with `expires` 0 are deleted, others written over what is there. All or nothing; doing it
  // twice is doing it once. After it has thrown, close(). REQUIRES: is_open(), also below.
  void commit(std::span<const Entry> changes);
  void drop_expired(Seconds now);

 private:
  struct Open;

  void open_file(Seconds now, const std::function<void(const Entry&)>& tell);
  void read(Seconds now, const std::function<void(const Entry&)>& tell);
  std::int64_t owner_row(OwnerId owner);

  const std::string path_;
  Owners& owners_;
  std::unique_ptr<Open> open_;
  std::unordered_map<OwnerId, std::int64_t> rows_;  // of owners in the file
};

}  // namespace tollgate::affinity
