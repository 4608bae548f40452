#include "config/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace tollgate::config {
namespace {

class File {
 public:
  // O_NONBLOCK: opening a pipe without a writer must not hang a reload.
  File(const std::string& path, std::string& why)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat facts {};
    if (path.find('\0') != std::string::npos) {
      why = "has a name that is not valid";
    } else if (descriptor_ < 0 || ::fstat(descriptor_, &facts) != 0) {
      why = std::string("cannot be read: ") + std::strerror(errno);
    } else if (!S_ISREG(facts.st_mode)) {
      why = "is not a regular file";
    } else {
      is_good_ = true;
    }
  }
  File(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool is_good() const { return is_good_; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  bool is_good_ = false;
};

}  // namespace

std::optional<std::string> read_regular_file(const std::string& path, std::size_t max_bytes,
                                             std::string& why) {
  File file(path, why);
  if (!file.is_good()) return std::nullopt;
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    ssize_t count = ::read(file.descriptor(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      why = std::string("cannot be read: ") + std::strerror(errno);
      return std::nullopt;
    }
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > max_bytes) {
      why = "is larger than " + std::to_string(max_bytes) + " bytes";
      return std::nullopt;
    }
  }
}

bool is_readable_file(const std::string& path, std::string& why) {
  return File(path, why).is_good();
}

}  // namespace tollgate::config
