// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace tollgate::base {

// The length of the sequence that `text` starts with; 0 if it starts with none. REQUIRES: not empty.
std::size_t utf8_sequence_length(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

}  // namespace tollgate::base
