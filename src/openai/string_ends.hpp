// Where the longer strings of a JSON text end, in their order: noted by who walks it first, so that who walks the
// same text again need not look for it. Most of a prompt is the inside of strings.
#pragma once

#include "tollgate/spare_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tollgate::openai {

class StringEnds {
 public:
  // A string's closing quote, in bytes from the start of the text.
  struct End {
    std::uint16_t bits;
    std::size_t offset() const noexcept { return bits >> 1; }
    bool has_escapes() const noexcept { return (bits & 1) != 0; }
  };

  // Texts no longer than this have room in an End.
  static constexpr std::size_t longest_text = 32 * 1024;

  // Makes room for a text's strings; of more than usual the last ones are not noted.
  void make_room_for(std::string_view text) { ends_.reserve(16 + text.size() / 32); }

  // REQUIRES: offset < longest_text.
  void add(std::size_t offset, bool has_escapes) noexcept {
    if (ends_.size() == ends_.capacity()) return;
    ends_.push_back({static_cast<std::uint16_t>(offset << 1 | static_cast<std::size_t>(has_escapes))});
  }

  const End* begin() const noexcept { return ends_.data(); }
  const End* end() const noexcept { return ends_.data() + ends_.size(); }

 private:
  std::vector<End, Recycling<End>> ends_;
};

}  // namespace tollgate::openai
