// How long to wait before the next attempt to connect. Pure data.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace tollgate::sharing {

// Full jitter: anything up to a bound that doubles with each failure, so that gateways which lost
// Redis together do not come back together.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds shortest{50};
  static constexpr std::chrono::milliseconds longest{5'000};

  // `random` is any number, all equally likely.
  std::chrono::milliseconds next(std::uint64_t random) {
    const auto bound = std::min(shortest * (std::int64_t{1} << failures_), longest);
    failures_ = std::min(failures_ + 1, 10);
    return std::chrono::milliseconds(random % static_cast<std::uint64_t>(bound.count()));
  }
  void reset() noexcept { failures_ = 0; }

 private:
  int failures_ = 0;
};

}  // namespace tollgate::sharing
