// redis://host[:port][/db] and rediss:// taken apart.
#pragma once

#include "tollgate/config.hpp"

#include <string>

namespace tollgate::sharing {

struct RedisAddress {
  Endpoint endpoint;
  int db = 0;
};

// Throws std::runtime_error that says what is wrong. User and password are not part of an address.
RedisAddress parse_redis_address(const std::string& text);

}  // namespace tollgate::sharing
