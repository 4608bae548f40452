#include "config/time_zones.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

namespace tollgate::config {
namespace {

namespace fs = std::filesystem;

const char* const directory = "/usr/share/zoneinfo";

// Zones are named Area/Place; what else lies in the directory (posix, right, tables) is no zone.
bool is_zone_name(std::string_view name) {
  bool is_plain = !name.empty() && std::isupper(static_cast<unsigned char>(name.front())) &&
                  std::all_of(name.begin(), name.end(), [](unsigned char c) {
                    return std::isalnum(c) || c == '/' || c == '_' || c == '-' || c == '+';
                  });
  return is_plain && name.size() <= 64 && name.back() != '/' &&
         name.find("//") == std::string_view::npos;
}

bool is_zone_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "TZif";
}

}  // namespace

bool is_time_zone(std::string_view name) {
  if (name == "UTC") return true;
  return is_zone_name(name) && is_zone_file(fs::path(directory) / name);
}

std::vector<std::string> time_zones() {
  std::vector<std::string> names{"UTC"};
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    std::string name = it->path().lexically_relative(directory).string();
    if (is_zone_name(name) && it->is_regular_file(error)) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace tollgate::config
