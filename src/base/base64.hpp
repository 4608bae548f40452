// Base64 of the usual alphabet, with padding (RFC 4648 section 4).
#pragma once

#include <span>
#include <string>

namespace tollgate::base {

std::string base64(std::span<const unsigned char> bytes);

}  // namespace tollgate::base
