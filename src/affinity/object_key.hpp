// An object's id as the gateway keeps it: 128 bits of its SHA-256, from which no id can be read back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::affinity {

struct ObjectKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const ObjectKey&) const = default;
};

ObjectKey key_of(std::string_view id);

// 32 hexadecimal digits.
std::string to_text(ObjectKey key);

}  // namespace tollgate::affinity
