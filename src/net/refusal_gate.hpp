// Which refusals are told of: each kind once a minute, and so many of all kinds, so that a deployment
// behind a broken DNS zone cannot flood log and audit. Pure: time is an argument.
#pragma once

#include "tollgate/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace tollgate::net {

class RefusalGate {
 public:
  static constexpr std::chrono::seconds again_after{60};  // the same kind
  static constexpr int most_in_that_time = 60;            // of all kinds
  static constexpr std::size_t most_kinds = 1024;         // remembered

  // Absent: this one is not told. Else how many of its kind were not since the last one that was.
  std::optional<std::uint64_t> pass(const std::string& kind, TimePoint now);

 private:
  struct Kind {
    TimePoint told_at{};
    bool is_told = false;
    std::uint64_t untold = 0;
  };
  bool has_room(TimePoint now);

  std::unordered_map<std::string, Kind> kinds_;
  TimePoint window_start_{};
  int told_in_window_ = 0;
};

}  // namespace tollgate::net
