// Keeps a second gateway from a file: a lock beside it, which the system frees when the holder ends.
//
// Not on the file itself: SQLite locks that in its own way, and readers must get in.
#pragma once

#include <string>

namespace tollgate::ledger {

class FileLock {
 public:
  FileLock() = default;
  ~FileLock();
  FileLock(const FileLock&) = delete;

  // Does nothing when it is held already. Throws Refused when another process holds it, SqliteError
  // when the lock file cannot be made.
  void acquire(const std::string& path);

 private:
  int fd_ = -1;
};

}  // namespace tollgate::ledger
