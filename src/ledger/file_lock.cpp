#include "ledger/file_lock.hpp"

#include "ledger/ledger.hpp"
#include "sqlite/sqlite.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace tollgate::ledger {

using sqlite::SqliteError;

namespace {

std::string holder_of(int fd) {
  std::array<char, 32> text{};
  ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  std::string pid(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  pid.resize(std::min(pid.size(), pid.find_first_not_of("0123456789")));
  return pid.empty() ? "" : " (process " + pid + ")";
}

}  // namespace

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

void FileLock::acquire(const std::string& path) {
  if (fd_ >= 0) return;
  const std::string name = path + ".lock";
  int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    auto kind = errno == EROFS || errno == EACCES ? SqliteError::Kind::read_only
                : errno == ENOSPC                 ? SqliteError::Kind::full
                                                  : SqliteError::Kind::cannot_open;
    throw SqliteError(kind, "cannot open " + name + ": " + std::strerror(errno));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    std::string holder = holder_of(fd);
    ::close(fd);
    throw Refused(path + " is in use by another gateway" + holder +
                  ": stop that one, or give each gateway a ledger.path of its own");
  }
  // Who it is helps people only; a full disk must not matter.
  std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) == 0) [[maybe_unused]]
    ssize_t ignored = ::pwrite(fd, pid.data(), pid.size(), 0);
  fd_ = fd;
}

}  // namespace tollgate::ledger
