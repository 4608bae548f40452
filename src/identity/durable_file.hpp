// Small files that must survive a crash. Blocks: for the main thread, on rare changes.
#pragma once

#include <string>
#include <string_view>

namespace tollgate::identity {

// Puts `text` in the place of the file, whole or not at all, readable by its owner alone. "" when it is
// on disk, else why not: "cannot be written: ...".
std::string replace_file(const std::string& path, std::string_view text);

// Adds `text` at the end, on disk when it returns.
std::string append_to_file(const std::string& path, std::string_view text);

}  // namespace tollgate::identity
