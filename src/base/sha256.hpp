// SHA-256, for subscription keys.
#pragma once

#include <array>
#include <string_view>

namespace tollgate::base {

// Any thread; each keeps a context of its own so that a digest costs no look-up and no allocation.
std::array<unsigned char, 32> sha256(std::string_view bytes);

// Compares in a time that does not depend on where the two differ.
bool equal_in_constant_time(const std::array<unsigned char, 32>& a,
                            const std::array<unsigned char, 32>& b) noexcept;

}  // namespace tollgate::base
