#include "base/random.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/random.h>

namespace tollgate::base {

void fill_random(std::span<unsigned char> bytes) noexcept {
  while (!bytes.empty()) {
    const auto n = ::getrandom(bytes.data(), bytes.size(), 0);
    if (n < 0 && errno != EINTR) std::abort();
    if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace tollgate::base
