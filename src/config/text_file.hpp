// Reading small files whole, without being caught by pipes, devices or huge files.
#pragma once

#include <optional>
#include <string>

namespace tollgate::config {

// The bytes of a regular file of at most `max_bytes`; else `why` is "cannot be read: ...".
std::optional<std::string> read_regular_file(const std::string& path, std::size_t max_bytes,
                                             std::string& why);

// Whether a regular file can be opened for reading; else `why`.
bool is_readable_file(const std::string& path, std::string& why);

}  // namespace tollgate::config
