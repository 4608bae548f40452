// Ids of requests: 128 random bits as 32 hex digits; unique, not secret.
#pragma once

#include <string>

namespace tollgate::base {

// Thread safety: any thread; each has its own generator seeded by the system.
std::string make_request_id();

}  // namespace tollgate::base
