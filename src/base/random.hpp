// Bytes that nobody can guess.
#pragma once

#include <span>

namespace tollgate::base {

// From the system; any thread. Aborts when the system has none to give.
void fill_random(std::span<unsigned char> bytes) noexcept;

}  // namespace tollgate::base
