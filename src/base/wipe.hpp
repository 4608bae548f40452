// Overwrites secrets that are not needed any more, so that memory that is reused, swapped or dumped does
// not hold them.
#pragma once

#include <string>
#include <string.h>

namespace tollgate::base {

inline void wipe(std::string& text) noexcept {
  text.resize(text.capacity());
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

// Wipes a text at the end of a scope.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::string& text) noexcept : text_(text) {}
  WipeAtEnd(const WipeAtEnd&) = delete;
  ~WipeAtEnd() { wipe(text_); }

 private:
  std::string& text_;
};

}  // namespace tollgate::base
