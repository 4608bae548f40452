// The bytes around a message that the gateway sends: status lines, dates and chunk frames.
#pragma once

#include "base/text_builder.hpp"
#include "tollgate/clock.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::http {

inline constexpr std::string_view end_of_chunk = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";
inline constexpr std::size_t max_chunk_head_bytes = 18;  // 16 hex digits and CRLF

// Writes the size line of a chunk and returns its length. `size` is not 0: that is `last_chunk`.
// REQUIRES: room for max_chunk_head_bytes.
inline std::size_t write_chunk_head(char* into, std::uint64_t size) noexcept {
  char* end = std::to_chars(into, into + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return static_cast<std::size_t>(end - into);
}

inline void append_chunk_head(std::string& out, std::uint64_t size) {
  char head[max_chunk_head_bytes];
  out.append(head, write_chunk_head(head, size));
}

inline void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_field(base::TextBuilder& out, std::string_view name, std::string_view value);

// The standard phrase for a status (RFC 9110 section 15), "" for one that has none.
std::string_view reason_phrase(int status) noexcept;

// "HTTP/1.1 200 OK\r\n". The phrase is replaceable, for relaying what an upstream said.
void append_status_line(base::TextBuilder& out, int status);
void append_status_line(base::TextBuilder& out, int status, std::string_view reason);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7). Formatted once a second and thread; the
// view is valid until the next call on the same thread.
std::string_view http_date(WallTime now);

// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
void append_date(base::TextBuilder& out, WallTime now);

}  // namespace tollgate::http
