// The stand-in's tokenizer: deterministic, close to real counts, and not any vendor's.
//
// A token is a run of up to six letters, digits or non-ASCII bytes (a UTF-8 character is never
// split) together with one space before it; every other character is a token of its own.
#pragma once

#include <cstdint>
#include <string_view>

namespace tollgate::mock {

std::size_t token_end(std::string_view text, std::size_t begin);  // REQUIRES: begin < size
std::int64_t count_tokens(std::string_view text);
std::string_view first_tokens(std::string_view text, std::int64_t count);

// Chat overhead as the service documents it: three for each message, three for the reply.
inline constexpr std::int64_t tokens_per_message = 3;
inline constexpr std::int64_t tokens_for_reply = 3;

}  // namespace tollgate::mock
