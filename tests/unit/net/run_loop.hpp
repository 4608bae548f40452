// Runs a loop until it is stopped, two seconds at most.
#pragma once

#include "net/loop.hpp"

#include <chrono>

namespace tollgate::net {

inline void run_for_a_while(Loop& loop) {
  struct Limit : Timer {
    Loop* loop;
  } limit;
  limit.loop = &loop;
  limit.at = Clock::now() + std::chrono::seconds(2);
  limit.fire = [](Timer& timer) { static_cast<Limit&>(timer).loop->stop(); };
  loop.arm(limit);
  loop.run();
  loop.disarm(limit);
}

}  // namespace tollgate::net
