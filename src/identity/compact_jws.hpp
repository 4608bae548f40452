// A signed token as it travels, taken apart: three base64url parts, strictly (RFC 7515 section 7.1).
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::identity {

inline constexpr std::size_t max_token_bytes = 16 * 1024;  // tokens with groups reach 8 KiB

struct CompactJws {
  std::string_view signing_input;  // header.payload as sent; a view into the token
  std::string header;              // JSON
  std::string payload;             // JSON
  std::string signature;
};

// True for what is a token rather than a key: nobody's key begins with the base64 of '{"'.
bool looks_like_jws(std::string_view credential) noexcept;

// nullopt: not three parts, too large, or not base64url without padding and stray bits.
std::optional<CompactJws> split_jws(std::string_view token);

// Alphabet of RFC 4648 section 5, no padding, no white space, unused bits zero.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace tollgate::identity
