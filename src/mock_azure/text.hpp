// Bytes and text: hashing, escaping, encodings, query strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::mock {

// Stable across runs and machines: every id and timestamp in an answer derives from it.
std::uint64_t hash_bytes(std::uint64_t seed, std::string_view bytes);

std::string hex16(std::uint64_t value);
std::string guid(std::uint64_t value);       // shaped like a UUID v4
std::string token_id(std::uint64_t value, std::size_t length);  // [0-9A-Za-z]
std::string sha256_hex(std::string_view bytes);
std::string base64(std::string_view bytes);

void append_json_escaped(std::string& out, std::string_view text);
std::string json_quoted(std::string_view text);

bool iequals(std::string_view a, std::string_view b);
std::string percent_decode(std::string_view text);
std::optional<std::string> query_value(std::string_view query, std::string_view key);
std::optional<std::int64_t> to_integer(std::string_view text);

// At most `limit` bytes, never cutting a UTF-8 sequence.
std::string_view utf8_prefix(std::string_view text, std::size_t limit);

}  // namespace tollgate::mock
