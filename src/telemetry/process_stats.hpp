// What the operating system knows of this process, for the process_* metrics.
#pragma once

#include <cstdint>

namespace tollgate::telemetry {

struct ProcessStats {
  double cpu_seconds = 0;  // user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

// Any thread. Costs some system calls. Numbers that cannot be read are 0.
ProcessStats read_process_stats();

}  // namespace tollgate::telemetry
