// New subscription keys.
#pragma once

#include <string>

namespace tollgate::identity {

// 256 random bits as base64url behind a prefix that secret scanners can look for; "" when the system
// gives no random bytes. Any thread.
std::string make_key();

}  // namespace tollgate::identity
