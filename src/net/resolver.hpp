// Names to addresses without blocking the worker.
#pragma once

#include "net/address.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/clock.hpp"

#include <string>
#include <vector>

namespace tollgate::net {

class Loop;

struct Resolved {
  std::vector<Address> addresses;  // in the resolver's order; empty on failure
  std::string error;
};

// Address literals and localhost answer at once; names go to the system's resolver on a thread of
// its own.
awaitable<Resolved> resolve(Loop& loop, const std::string& host, std::uint16_t port,
                            TimePoint deadline);

}  // namespace tollgate::net
